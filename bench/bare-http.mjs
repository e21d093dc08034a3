import { createServer } from "node:http";

/** The least that Node does for a request with a JSON body. */
createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { target } = JSON.parse(Buffer.concat(chunks).toString());
    response.writeHead(target === undefined ? 400 : 202, { "content-length": 0 }).end();
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
