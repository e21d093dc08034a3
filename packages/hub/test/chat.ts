import { Hub, HubException } from "../src/index.ts";

interface ChatClient {
  newMessage(from: string | undefined, text: string): void;
  confirm(question: string): Promise<boolean>;
}

/** Connects and disconnects. */
export const seen: string[] = [];
/** What `hold` waits for. */
export let held = Promise.withResolvers<void>();

export function holdAnew(): void {
  held = Promise.withResolvers();
}

/** Streams that were cancelled. */
export const canceled: string[] = [];

/** A hub with a method of every kind. */
export class Chat extends Hub<ChatClient> {
  static override readonly methods = {
    renamed: { name: "AnotherName" },
    secret: { authorize: (context: { userIdentifier: string | undefined }) => context.userIdentifier === "root" },
    hidden: false,
    between: { streams: [1] },
    maybe: { optional: 1 },
  } as const;

  override onConnected() {
    seen.push(`+${this.context.userIdentifier}`);
  }

  override onDisconnected(error?: Error) {
    seen.push(`-${this.context.userIdentifier}${error === undefined ? "" : ` ${error.message}`}`);
  }

  echo(value: unknown) {
    return value;
  }

  async later(value: unknown) {
    await Promise.resolve();
    return value;
  }

  nothing() {}

  fail() {
    throw new Error("a secret");
  }

  async refuse() {
    throw new HubException("not today");
  }

  async send(text: string) {
    await this.clients.others.newMessage(this.context.userIdentifier, text);
  }

  async tell(audience: string, argument: string, text: string) {
    const from = this.context.userIdentifier;
    const { clients } = this;
    if (audience === "all") await clients.all.newMessage(from, text);
    if (audience === "caller") await clients.caller.newMessage(from, text);
    if (audience === "group") await clients.group(argument).newMessage(from, text);
    if (audience === "othersInGroup") await clients.othersInGroup(argument).newMessage(from, text);
    if (audience === "groups") await clients.groups(argument.split(",")).newMessage(from, text);
    if (audience === "user") await clients.user(argument).newMessage(from, text);
    if (audience === "users") await clients.users(argument.split(",")).newMessage(from, text);
    if (audience === "client") await clients.client(argument).newMessage(from, text);
    if (audience === "clients") await clients.clients(argument.split(",")).newMessage(from, text);
    if (audience === "allExcept") await clients.allExcept(argument.split(",")).newMessage(from, text);
  }

  async join(group: string) {
    await this.groups.add(this.context.connectionId, group);
  }

  async leave(group: string) {
    await this.groups.remove(this.context.connectionId, group);
  }

  async hold() {
    await held.promise;
    return "held";
  }

  async *count(to: number) {
    for (let i = 1; i <= to; i++) yield i;
  }

  readable(to: number) {
    let next = 0;
    return new ReadableStream<number>({
      pull: (controller) => (next < to ? controller.enqueue(next++) : controller.close()),
    });
  }

  async *forever() {
    try {
      for (let i = 0; ; i++) {
        yield i;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } finally {
      canceled.push("forever");
    }
  }

  async *stuck() {
    this.signal.addEventListener("abort", () => canceled.push("stuck"));
    yield 1;
    await new Promise(() => {});
  }

  async *breaks() {
    yield 1;
    throw new HubException("broken");
  }

  async concat(separator: string, words: AsyncIterable<string>) {
    const all: string[] = [];
    for await (const word of words) all.push(word);
    return all.join(separator);
  }

  async between(before: string, words: AsyncIterable<string>, after: string) {
    const all: string[] = [];
    for await (const word of words) all.push(word);
    return [before, ...all, after].join("");
  }

  async *shout(words: AsyncIterable<string>) {
    for await (const word of words) yield word.toUpperCase();
  }

  async ask(question: string) {
    return (await this.clients.caller.invoke("confirm", question)) ? "yes" : "no";
  }

  renamed() {
    return "renamed";
  }

  secret() {
    return "secret";
  }

  hidden() {
    return "hidden";
  }

  _private() {
    return "private";
  }

  maybe(a: string, b: string) {
    return `${a},${b}`;
  }

  defaulted(a: string, b = "b") {
    return `${a},${b}`;
  }

  items() {
    const { items } = this.context;
    items.set("calls", ((items.get("calls") as number | undefined) ?? 0) + 1);
    return items.get("calls");
  }

  leaveMe() {
    this.context.abort();
  }

  features() {
    const { transport, protocol, headers, query, remoteAddress } = this.context.features;
    return [transport, protocol, headers.get("x-own"), query.get("user"), remoteAddress];
  }
}
