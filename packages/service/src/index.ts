export * from "./hub/command.ts";
