import { inMemoryStore } from "./memory-store.ts";
import { templateStoreSuite } from "./template-store.suite.ts";

templateStoreSuite("The store in memory", (store) => store ?? inMemoryStore());
