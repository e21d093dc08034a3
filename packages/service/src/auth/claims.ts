/** One statement of a token. Arrays become several claims of one type, objects their JSON text. */
export interface Claim {
  readonly type: string;
  readonly value: string;
}
