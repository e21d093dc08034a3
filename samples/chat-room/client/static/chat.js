const { createApp, nextTick } = Vue;

/** Offered to the app, which selects one. */
const protocols = ["chat-room.v2", "chat-room.v1"];
/** Milliseconds before a connection that broke is made again. */
const pauseBeforeReturn = 1_000;

const newChat = (key, name, to) => ({ key, name, messages: [], unread: 0, loaded: false, ...to });

createApp({
  data: () => ({
    state: "outside",
    entering: false,
    refusal: "",
    problem: "",
    name: "",
    protocol: "",
    text: "",
    newGroup: "",
    users: [],
    everybody: newChat("everybody", "Everybody", {}),
    groups: [],
    privates: [],
    current: undefined,
  }),

  created() {
    this.current = this.everybody;
  },

  methods: {
    async enter() {
      this.entering = true;
      this.refusal = "";
      try {
        await this.connect();
      } catch {
        this.refusal =
          this.name.trim() === "" ? "Choose a name." : "The chat room does not let you in with this name, or is closed.";
      }
      this.entering = false;
    },

    async connect() {
      const { endpoint } = await (await fetch("/api/endpoint")).json();
      const socket = new WebSocket(`${endpoint}?name=${encodeURIComponent(this.name.trim())}`, protocols);
      await new Promise((resolve, reject) => {
        socket.addEventListener("open", resolve, { once: true });
        socket.addEventListener("error", reject, { once: true });
      });
      this.socket = socket;
      this.protocol = socket.protocol;
      socket.addEventListener("message", ({ data }) => this.receive(JSON.parse(data)));
      socket.addEventListener("close", () => this.comeBack());
    },

    /** Until the room is open again. What was said meanwhile is in the histories. */
    async comeBack() {
      this.state = "returning";
      while (this.state === "returning") {
        await new Promise((resolve) => setTimeout(resolve, pauseBeforeReturn));
        try {
          return await this.connect();
        } catch {
          // Still closed.
        }
      }
    },

    receive(message) {
      this.problem = "";
      const act = {
        welcome: ({ user, users, groups, messages }) => {
          this.name = user;
          this.users = users;
          this.everybody.messages = messages;
          this.groups = groups.map((group) => this.groupChat(group) ?? newChat(`group ${group}`, group, { group }));
          for (const chat of [...this.groups, ...this.privates]) chat.loaded = false;
          this.state = "inside";
          this.open(
            [this.everybody, ...this.groups, ...this.privates].find(({ key }) => key === this.current.key) ?? this.everybody,
          );
        },
        presence: ({ users }) => {
          this.users = users;
        },
        joined: ({ group, messages }) => {
          let chat = this.groupChat(group);
          if (chat === undefined) {
            this.groups.push(newChat(`group ${group}`, group, { group }));
            chat = this.groupChat(group);
          }
          Object.assign(chat, { messages, loaded: true });
          this.open(chat);
        },
        left: ({ group }) => {
          this.groups = this.groups.filter((chat) => chat.group !== group);
          if (this.current.group === group) this.open(this.everybody);
        },
        history: ({ group, to, messages }) => {
          const chat = group === undefined ? this.privateChat(to) : this.groupChat(group);
          if (chat !== undefined) Object.assign(chat, { messages, loaded: true });
        },
        message: (said) => this.add(this.chatOf(said), said),
        notice: ({ group, text }) => this.add(this.groupChat(group), { id: crypto.randomUUID(), text }),
        error: ({ text }) => {
          this.problem = text;
        },
      }[message.type];
      act?.(message);
    },

    chatOf({ group, to, from }) {
      if (group !== undefined) return this.groupChat(group);
      return to === undefined ? this.everybody : this.privateWith(from === this.name ? to : from);
    },

    add(chat, message) {
      if (chat === undefined || chat.messages.some(({ id }) => id === message.id)) return;
      chat.messages.push(message);
      if (chat !== this.current && message.from !== undefined) chat.unread += 1;
    },

    groupChat(group) {
      return this.groups.find((chat) => chat.group === group);
    },

    privateChat(user) {
      return this.privates.find((chat) => chat.to === user);
    },

    privateWith(user) {
      if (this.privateChat(user) === undefined) this.privates.push(newChat(`user ${user}`, user, { to: user }));
      return this.privateChat(user);
    },

    open(chat) {
      this.current = chat;
      chat.unread = 0;
      this.problem = "";
      const { group, to } = chat;
      if (!chat.loaded && (group !== undefined || to !== undefined)) this.send({ type: "load", group, to });
    },

    openUser(user) {
      this.open(this.privateWith(user));
    },

    joinGroup() {
      this.send({ type: "join", group: this.newGroup.trim() });
      this.newGroup = "";
    },

    leaveGroup({ group }) {
      this.send({ type: "leave", group });
    },

    say() {
      const { group, to } = this.current;
      this.send({ type: "send", text: this.text, group, to });
      this.text = "";
    },

    send(request) {
      this.socket.send(JSON.stringify(request));
    },

    time(date) {
      return new Date(date).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    },
  },

  watch: {
    /** The newest message stays in view. */
    "current.messages": {
      deep: true,
      async handler() {
        await nextTick();
        const list = this.$refs.messages;
        if (list) list.scrollTop = list.scrollHeight;
      },
    },
  },
}).mount("#app");
