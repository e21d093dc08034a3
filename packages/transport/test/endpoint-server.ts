import { StartedEndpoint } from "./started-endpoint.ts";

// A process of its own for the runtime that vitest does not run on. Prints its port, ends when its standard input does, and then
// prints what it noted.
const started = await StartedEndpoint.start();
console.log(JSON.stringify({ port: started.port }));
process.stdin.resume().on("end", async () => {
  const { size } = started.endpoint;
  const ends = started.handler.ends.map(({ reason }) => reason.name);
  console.log(JSON.stringify({ size, ends, errors: started.errors.map(String) }));
  await started.stop();
  process.exit(0);
});
