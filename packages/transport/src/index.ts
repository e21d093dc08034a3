export * from "./connection/admission.ts";
export * from "./connection/close-reason.ts";
export * from "./connection/connection.ts";
export * from "./listener/listener.ts";
