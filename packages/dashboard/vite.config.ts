import { defineConfig } from "vite";

// Into the service's build, which carries the page; `tsc -b` leaves the folder alone.
export default defineConfig({
  // Relative addresses work behind a proxy that serves the dashboard under a path.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../service/dist/dashboard",
    emptyOutDir: true,
    target: "es2024",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    // The content security policy allows no data: URLs.
    assetsInlineLimit: 0,
  },
});
