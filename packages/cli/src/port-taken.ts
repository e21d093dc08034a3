import { Failure } from "./failure.ts";

/** A port that is taken is what newcomers meet first: the sentence tells them what helps. */
export function nameOption(option: string): (error: Error) => never {
  return (error) => {
    const isTaken = error.name === "ListenError" && (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    throw isTaken ? new Failure(`${error.message} Choose another with ${option}.`) : error;
  };
}
