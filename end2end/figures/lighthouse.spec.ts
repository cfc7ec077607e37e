import { execFileSync } from "node:child_process";
import { expect } from "@playwright/test";
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";
import { fakePool, unique } from "../support/api.ts";
import { adminTest as test } from "../support/test.ts";
import { figure } from "./figure.ts";

/** What Lighthouse judges, and the points below which a page is not shipped. Performance is told, and not judged here: it is a
 * matter of the machine too. */
const WANTED = { accessibility: 100, "best-practices": 100, performance: undefined };

test("Lighthouse looks at the pages that people meet first", async ({ page, signedIn }) => {
  await page.goto("/admin");
  const { id } = await fakePool(page, unique("Desks"), {
    max_instances: 3,
    config: { minimum_available_sessions: 2, max_simultaneous_sessions_per_server: 1 },
  });
  const { origin } = new URL(page.url());
  const cookie = signedIn.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const pages = [
    { name: "sign_in", path: "/login", headers: undefined },
    { name: "overview", path: "/admin", headers: { cookie } },
    { name: "pool", path: `/admin/pools/${id}`, headers: { cookie } },
    { name: "portal", path: "/portal", headers: { cookie } },
  ];

  // A browser of its own: what Lighthouse sets up is not for the tests' one.
  const chromium = await launch({
    chromePath: execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim(),
    chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
  const faults: string[] = [];
  try {
    for (const { name, path, headers } of pages) {
      const options = { port: chromium.port, onlyCategories: Object.keys(WANTED), extraHeaders: headers };
      const result = await lighthouse(`${origin}${path}`, options, desktopConfig);
      if (!result) throw new Error(`Lighthouse says nothing about ${path}`);
      const { categories, audits, runtimeError, finalDisplayedUrl } = result.lhr;
      expect(runtimeError, path).toBeUndefined();
      expect(new URL(finalDisplayedUrl).pathname).toBe(path);
      for (const [category, wanted] of Object.entries(WANTED)) {
        const points = Math.round((categories[category].score ?? 0) * 100);
        figure(`lighthouse_${name}_${category.replace("-", "_")}`, points, "points");
        if (wanted === undefined || points >= wanted) continue;
        const failing = categories[category].auditRefs.map(({ id }) => audits[id]).filter(({ score }) => score !== null && score < 1);
        faults.push(`${path}: ${category} ${points}: ${failing.map(({ title }) => title).join("; ")}`);
      }
      figure(`lighthouse_${name}_largest_paint`, audits["largest-contentful-paint"].numericValue ?? NaN, "ms");
      figure(`lighthouse_${name}_layout_shift`, audits["cumulative-layout-shift"].numericValue ?? NaN, "score");
      figure(`lighthouse_${name}_blocking`, audits["total-blocking-time"].numericValue ?? NaN, "ms");
    }
  } finally {
    chromium.kill();
  }
  expect(faults, "what Lighthouse wants to be better").toEqual([]);
});
