const { addServerlessHub, requireClaim, ServerlessHub } = require("@signalbox/functions/serverless-hub");

/** A hub of a CommonJS app in plain JavaScript, with static members. */
class PollHub extends ServerlessHub {
  static hubName = "poll";
  static connectionSetting = "PollConnection";
  static methods = { count: { filters: [requireClaim("role", "teller")] }, reset: false };

  #votes;

  constructor(votes) {
    super();
    this.#votes = votes;
  }

  onNegotiate(request) {
    return this.negotiate({ claims: { role: request.query.get("role") ?? "voter" } });
  }

  async vote(_context, answer, weight = 1) {
    this.#votes.push(answer);
    await this.clients.all.send("voted", answer, weight);
  }

  count() {
    return this.#votes.length;
  }

  reset() {
    this.#votes.length = 0;
  }
}

const votes = [];
addServerlessHub(PollHub, {
  create: () => new PollHub(votes),
  negotiate: { route: "poll/negotiate", methods: ["GET", "POST"] },
});
