import { execFileSync } from "node:child_process";
import { defineConfig } from "@playwright/test";
import type { Options } from "./support/test.ts";

/** Debian's Chromium; nothing is downloaded. */
const chromium = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();

/** Where the report for machines goes; `make test` names it. */
const report = process.env.WEIR_REPORT;

export default defineConfig<object, Options>({
  testDir: "tests/ui",
  outputDir: "test-results",
  snapshotPathTemplate: "pictures/{projectName}/{arg}{ext}",
  expect: {
    // Nothing on a picture moves. A text drawn a shade lighter is the same text; a line that is gone is not.
    toHaveScreenshot: { animations: "disabled", caret: "hide", scale: "css", threshold: 0.1, maxDiffPixels: 20 },
  },
  forbidOnly: true,
  fullyParallel: true,
  retries: 0,
  workers: 2,
  timeout: 60_000,
  reporter: report ? [["list"], ["json", { outputFile: report }]] : [["list"]],
  use: {
    // A film would slow every test down; what a page held and said at each step stays in.
    trace: { mode: "retain-on-failure", screenshots: false },
    launchOptions: {
      executablePath: chromium,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  // All tests at both widths and over both databases.
  projects: [
    { name: "wide", use: { viewport: { width: 1440, height: 900 }, database: "sqlite" } },
    { name: "narrow", use: { viewport: { width: 390, height: 844 }, database: "postgres" } },
  ],
});
