module.exports = async (context, req) => {
  context.res = { status: req.body.target === undefined ? 400 : 202 };
};
