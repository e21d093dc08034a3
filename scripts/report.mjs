// What vitest's JSON report says, one by one.

/**
 * @typedef {{ status: string, fullName: string, failureMessages: string[] }} TestResult
 * @typedef {{ name: string, status: string, message: string, assertionResults: TestResult[] }} FileResult
 */

/**
 * @param {{ testResults: FileResult[] }} report
 * @param {string} root what file names begin with, left out of what is returned
 * @returns how many tests passed, and by name those that failed, those that were skipped, and those that passed, but not at once
 */
export function readReport({ testResults }, root) {
  const failures = [];
  const skips = [];
  const repeated = [];
  let passed = 0;
  for (const { name, status, message, assertionResults } of testResults) {
    const file = name.slice(root.length);
    if (assertionResults.length === 0 && status === "failed") failures.push(`${file}: ${message}`);
    for (const test of assertionResults) {
      const full = `${file}: ${test.fullName}`;
      if (test.status === "failed") failures.push(full);
      else if (test.status !== "passed") skips.push(full);
      else {
        passed++;
        // One that passed keeps the failures of its earlier attempts.
        const [failure] = test.failureMessages;
        if (failure !== undefined) repeated.push(`${full} (${failure.split("\n")[0]})`);
      }
    }
  }
  return { passed, failures, skips, repeated };
}
