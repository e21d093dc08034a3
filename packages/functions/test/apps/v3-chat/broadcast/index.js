let count = 0;

module.exports = (context, myTimer) => {
  if (myTimer.isPastDue) context.log("late");
  count += 1;
  context.bindings.signalRMessages = [{ target: "tick", arguments: [count] }];
  context.done();
};
