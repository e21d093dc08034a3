import { app } from "@azure/functions";
import { uploadContent } from "./content.js";
import { createTable } from "./visits.js";

// Storage is ready before the first visitor comes. Both do nothing when it is ready already.
app.hook.appStart(async () => {
  await Promise.all([createTable(), uploadContent()]);
});
