import { fakePool, unique } from "../../support/api.ts";
import { adminTest as test, expect, open } from "../../support/test.ts";

// A Weir of its own: what other tests have made is on the overview, and would be weighed too.
test.use({ settings: ["--lease-seconds", "60"] });

// What people come to first: it is there soon on a slow line too. Other pages bring more, see docs/adr/0008.
for (const path of ["/portal", "/admin", "/admin/pools"]) {
  test(`the first load of ${path} is light`, async ({ page }) => {
    await page.goto("/docs/reasons");
    await fakePool(page, unique("Light"), { max_instances: 1, config: { minimum_available_sessions: 0 } });
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    await network.send("Network.clearBrowserCache");
    let bytes = 0;
    network.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    await open(page, path);
    await page.waitForLoadState("networkidle");
    expect(bytes).toBeGreaterThan(200_000);
    expect(bytes, "with its headers, as it is sent").toBeLessThan(400_000);
  });
}
