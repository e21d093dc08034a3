// Where the functions are.
export const api = "http://localhost:7071";
