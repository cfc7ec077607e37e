import { defineConfig } from "@playwright/test";
import base from "../playwright.config.ts";

/** What is measured in a browser, one thing at a time. `make web-bench` runs it. */
export default defineConfig({
  ...base,
  testDir: ".",
  outputDir: "../test-results/figures",
  fullyParallel: false,
  workers: 1,
  timeout: 600_000,
  projects: [{ name: "wide" }],
});
