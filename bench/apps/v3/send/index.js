module.exports = async (context, req) => {
  context.bindings.message = { ...req.body, userId: req.params.user };
  context.res = { status: 202 };
};
