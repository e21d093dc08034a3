export type { AppHost, AppHostEvents, InvokeOptions, LoadedApp } from "./contracts/app-host.ts";
export type { BindingDefinition, FunctionDefinition, LoadProblem, RetryPolicy } from "./contracts/function-definition.ts";
export type { InvocationError, InvocationRequest, InvocationResponse, LogEvent, LogLevel } from "./contracts/invocation.ts";
export type { RpcHttp, RpcHttpCookie, TypedData } from "./contracts/typed-data.ts";
