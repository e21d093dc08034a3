import {
  filter,
  hidden,
  parameters,
  requireClaim,
  ServerlessHub,
  type SignalRInvocationContext,
  signalRConnection,
} from "@signalbox/functions/serverless-hub";
import { z } from "zod";

// Checked by the compiler (`tsc -p tsconfig.test.json`) and never run: decorators are compared with what they decorate.

type Context = SignalRInvocationContext;

interface ChatClient {
  newMessage(from: string, text: string): void;
}

@signalRConnection("ChatConnection")
@filter(requireClaim("admin"))
export class DecoratedHub extends ServerlessHub<ChatClient> {
  @filter(requireClaim("admin"), async ({ userId }) => void userId)
  @parameters(z.string(), z.number().optional())
  async say({ userId = "" }: Context, text: string, _times?: number) {
    await this.clients.all.send("newMessage", userId, text);
  }

  // @ts-expect-error a schema of another type
  @parameters(z.number())
  shout(_: Context, _text: string) {}

  // @ts-expect-error a schema is missing
  @parameters(z.string())
  repeat(_: Context, _text: string, _times: number) {}

  @hidden
  protected helper(_: number) {}

  // @ts-expect-error a class alone has a connection
  @signalRConnection("ChatConnection")
  ping() {}
}
