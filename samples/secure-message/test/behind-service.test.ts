import { secureMessageSuite } from "./secure-message.suite.ts";

secureMessageSuite("behind the service");
