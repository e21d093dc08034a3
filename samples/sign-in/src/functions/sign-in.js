import { app } from "@azure/functions";

app.get("hello", { handler: () => ({ body: process.env.AzureWebJobsStorage + " " + process.env.BlobEndpoint }) });
