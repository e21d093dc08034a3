const connectionString = process.env.AzureWebJobsStorage;
if (!connectionString) throw new Error("The setting AzureWebJobsStorage is missing: a connection string of a storage account.");

/** Connection string of the account that keeps the visits and the page. */
export const storage = connectionString;
