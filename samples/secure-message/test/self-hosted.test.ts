import { secureMessageSuite } from "./secure-message.suite.ts";

secureMessageSuite("self-hosted");
