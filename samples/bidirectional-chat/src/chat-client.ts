/** Someone as the others see them. */
export interface Member {
  readonly userId: string;
  readonly connectionId: string;
}

/** Whom a message was for, as its readers see it. */
type Audience = { readonly kind: "everyone" } | { readonly kind: "group" | "user" | "connection"; readonly name: string };

/** What the page understands; the compiler checks every call. */
export interface ChatClient {
  welcome(you: Member & { readonly admin: boolean }): void;
  joined(member: Member): void;
  left(member: Member): void;
  newMessage(from: Member, to: Audience, text: string): void;
}
