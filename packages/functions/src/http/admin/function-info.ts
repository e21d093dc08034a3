import { relative, sep } from "node:path";
import type { FunctionDefinition } from "../../contracts/function-definition.ts";
import type { HttpFunction } from "../http-function.ts";

/** One function as `/admin/functions` lists it (reference functions-host §3.5). */
export interface FunctionInfo {
  readonly name: string;
  readonly script_root_path_href: string;
  readonly script_href: string;
  readonly config_href: string;
  readonly test_data_href: string | null;
  readonly href: string;
  readonly invoke_url_template: string | null;
  readonly language: "node";
  readonly config: Readonly<Record<string, unknown>>;
  readonly files: null;
  readonly test_data: string;
  readonly isDisabled: boolean;
  readonly isDirect: boolean;
  readonly isProxy: false;
}

/**
 * @param http undefined: no HTTP trigger, or one that cannot be used
 * @param base `http://localhost:7071`
 */
export function describeFunction(
  definition: FunctionDefinition,
  http: HttpFunction | undefined,
  { base, appRoot, disabled }: { readonly base: string; readonly appRoot: string; readonly disabled: boolean },
): FunctionInfo {
  const files = `${base}/admin/vfs`;
  const folder = `${files}/${definition.name}/`;
  const script = relative(appRoot, definition.scriptFile).split(sep).join("/");
  return {
    name: definition.name,
    script_root_path_href: folder,
    script_href: `${files}/${script}`,
    config_href: `${folder}function.json`,
    test_data_href: null,
    href: `${base}/admin/functions/${definition.name}`,
    invoke_url_template: http === undefined ? null : `${base}/${http.template.text}`,
    language: "node",
    config: {
      name: definition.name,
      scriptFile: script,
      ...(definition.entryPoint === undefined ? {} : { entryPoint: definition.entryPoint }),
      language: "node",
      functionDirectory: definition.directory,
      bindings: definition.bindings,
    },
    files: null,
    test_data: "",
    isDisabled: disabled,
    isDirect: true,
    isProxy: false,
  };
}
