// `npm run content`: the page into the storage account that AzureWebJobsStorage names. The app does the same when it starts.
import { uploadContent } from "../src/content.js";

await uploadContent();
