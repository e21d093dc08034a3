module.exports = async (context, req, connectionInfo) => {
  context.res.json(connectionInfo);
};
