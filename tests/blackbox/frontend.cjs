// Drives OpenList's frontend, which a running `gate115 demo` serves, in Chromium: a login by the form, folders, previews, a search, and
// every page of the management.
//
//   NODE_PATH=… node tests/blackbox/frontend.cjs http://127.0.0.1:5244 PASSWORD-OF-ADMIN FOLDER-FOR-PICTURES
//
// Whatever goes wrong at our end fails the run: an error in the console or in a script, a request to us that fails, an answer of the
// API with a code that was not to be expected, a page that does not show what is on it. What leads to other servers is answered
// by us and not looked at; but only the page About may ask for any. Needs playwright-core, and Chromium at $CHROMIUM.
"use strict";

const { chromium } = require("playwright-core");
const path = require("node:path");

const [, , given, password, pictures] = process.argv;
const BASE = given.replace(/\/$/, "");
const PATIENCE = 30_000;

// What is said in place of servers elsewhere.
const ELSEWHERE = "Nobody was asked.";

// Page of the management, and what is to be seen on it.
const PAGES = {
  "": "Update Profile",
  "/2fa": "There is no second factor here",
  "/settings/site": "Site title",
  "/settings/style": "Main color",
  "/settings/preview": "Audio cover",
  "/settings/global": "Package download",
  "/settings/sso": "Load default settings",
  "/settings/ldap": "Load default settings",
  "/settings/s3": "S3 buckets",
  "/settings/ftp": "Load default settings",
  "/settings/traffic": "Load default settings",
  "/settings/other": "qBittorrent",
  "/tasks/offline_download": "Transfer downloaded file to corresponding storage",
  "/tasks/upload": "Upload file to corresponding storage",
  "/tasks/copy": "Copy file from a storage to another storage",
  "/tasks/move": "Move file from a storage to another storage",
  "/tasks/decompress": "Upload extracted files into target storage",
  "/users": "Cancel 2FA",
  "/users/add": "Base path",
  "/users/edit/1": "SSH keys",
  "/storages": "Status: Working",
  "/storages/add": "Driver",
  "/storages/edit/1": "Root folder id",
  "/shares": "Share Paths",
  "/shares/add": "Share Paths",
  "/metas": "Operations",
  "/metas/add": "Apply to sub folder",
  "/indexes": "There is no index to build",
  "/backup-restore": "Encryption Password",
  "/messenger": "Received messages",
  "/about": ELSEWHERE,
};

// What answers with another code than 200, and is meant to: where nothing waits, and where something would be changed.
const EXPECTED = { "/api/admin/message/get": 404, "/api/auth/2fa/generate": 403, "/api/admin/user/update": 403 };

const wrong = [];
let step;
let refusedElsewhere = false;
const complain = (what) => wrong.push(`${step}: ${what}`);

const isOurs = (url) => new URL(url).origin === new URL(BASE).origin;
// The file server of the demo is another origin too, as 115's is. Nothing that it says is of the gateway.
const isOfDemo = (url) => new URL(url).hostname === new URL(BASE).hostname;

async function answerElsewhere(route) {
  const url = route.request().url();
  if (isOfDemo(url)) return route.continue();
  if (step !== "@manage/about") complain(`it asks for ${url}`);
  return route.fulfill({ status: 200, headers: { "access-control-allow-origin": "*" }, body: ELSEWHERE });
}

async function judgeAnswer(response) {
  const url = response.url();
  if (!isOurs(url)) return;
  if (response.status() >= 400) return complain(`${response.status()} for ${response.request().method()} ${url}`);
  const route = new URL(url).pathname.slice(new URL(BASE).pathname.replace(/\/$/, "").length);
  if (!route.startsWith("/api/")) return;
  // A page that is left loses its answers; a request that really fails is heard of otherwise.
  const text = await response.text().catch(() => null);
  if (text === null) return;
  const { code, message } = JSON.parse(text);
  if (code !== (EXPECTED[route] ?? 200)) complain(`code ${code} for ${route}: ${message}`);
}

function judgeFailure(request) {
  const why = request.failure()?.errorText;
  // Aborted is what the page itself gives up: a player that has enough, a page that is left.
  if (isOurs(request.url()) && why !== "net::ERR_ABORTED") complain(`${why} for ${request.method()} ${request.url()}`);
}

function judgeConsole(message) {
  if (message.type() !== "error") return;
  // The player asks the file server for leave to take pictures of the film first, and plays without where it gets none.
  const refused = /^Access to \w+ at '([^']+)' from origin '[^']+' has been blocked by CORS policy/.exec(message.text());
  const about = refused?.[1] ?? message.location().url;
  if (about && !isOurs(about)) refusedElsewhere = true;
  else complain(`in the console: ${message.text()} (${about})`);
}

function judgeScript(error) {
  // What it throws then: the bare event.
  if (error.message === "Event" && refusedElsewhere) return;
  complain(`an error in a script: ${error.message} ${error.stack}`);
}

async function open(browser) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 } });
  await context.route((url) => /^https?:$/.test(url.protocol) && !isOurs(url.href), answerElsewhere);
  // Songs are played by an element that is not in the page.
  await context.addInitScript(() => {
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      window.lastPlayed = this;
      return play.call(this);
    };
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("response", (response) => judgeAnswer(response).catch((error) => complain(`${response.url()}: ${error.message}`)));
  page.on("requestfailed", judgeFailure);
  page.on("console", judgeConsole);
  page.on("pageerror", judgeScript);
  return page;
}

let taken = 0;
// Does a step to its end, and takes a picture of it.
async function does(page, name, what) {
  step = name;
  refusedElsewhere = false;
  try {
    await what();
    await page.waitForLoadState("networkidle");
  } finally {
    const file = `${String(++taken).padStart(2, "0")}-${name.replace(/\W+/g, "-")}.png`;
    await page.screenshot({ path: path.join(pictures, file) });
  }
}

const goTo = (page, to) => page.goto(BASE + to);
const shows = (page, text) => page.getByText(text).first().waitFor();

// In the first list of choices on the page.
async function choose(page, name) {
  await page.getByRole("combobox").first().click();
  await page.getByRole("option", { name, exact: true }).click();
}

// Really: there is data, and its time goes on.
async function plays(page, kind) {
  const media = (kind) => (window.media = document.querySelector(kind) ?? window.lastPlayed)?.readyState >= 2;
  await page.waitForFunction(media, kind);
  const from = await page.evaluate(() => window.media.currentTime);
  await page.waitForFunction((from) => window.media.currentTime > from + 1, from);
}

async function tour(page) {
  await does(page, "log in by the form", async () => {
    await goTo(page, "/@login");
    await page.getByPlaceholder("username").fill("admin");
    await page.getByPlaceholder("password").fill(password);
    await page.getByRole("button", { name: "Login", exact: true }).click();
    await shows(page, "Manage");
    await page.getByText("115", { exact: true }).waitFor();
  });
  await does(page, "browse into a folder", async () => {
    await page.getByText("115", { exact: true }).click();
    await page.getByText("Films", { exact: true }).click();
    await page.getByText("Clip.en.srt", { exact: true }).waitFor();
  });
  await does(page, "a video", async () => {
    await page.getByText("Clip.mp4", { exact: true }).click();
    await plays(page, "video");
    // What stands beside it and begins as it does: through /p.
    await shows(page, "A test picture,");
  });
  await does(page, "a song", async () => {
    await goTo(page, "/115/Music/Tone.mp3");
    await plays(page, "audio");
  });
  await does(page, "a text", async () => {
    await goTo(page, "/115/Read%20me.txt");
    await shows(page, "This drive is made up. Delete nothing, fear nothing.");
  });
  await does(page, "a text in the editor", async () => {
    await choose(page, "Text Editor");
    await page.locator(".monaco-editor .view-line", { hasText: "This drive is made up." }).waitFor();
  });
  await does(page, "a picture", async () => {
    await goTo(page, "/115/Pictures/Fractal.jpg");
    await page.waitForFunction(() => [...document.images].some((image) => /Fractal/.test(image.src) && image.naturalWidth > 200));
  });
  await does(page, "a search", async () => {
    await goTo(page, "/115");
    await page.getByText("Films", { exact: true }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").getByRole("textbox").fill("fractal");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("Pictures").first().waitFor();
  });
  for (const [at, seen] of Object.entries(PAGES)) {
    await does(page, `@manage${at}`, async () => {
      await goTo(page, `/@manage${at}`);
      await page.getByText("OpenList Management").waitFor();
      await shows(page, seen);
    });
  }
  await does(page, "the fields of each driver", async () => {
    for (const driver of ["115 Cloud", "115 Open", "115 Share", "Local"]) {
      await goTo(page, "/@manage/storages/add");
      await choose(page, driver);
      await shows(page, "Mount Path");
      await shows(page, driver === "Local" ? "Root folder path" : "Limit rate");
    }
  });
  await does(page, "every page of the menu was visited", async () => {
    for (const menu of ["Settings", "Tasks"]) await page.getByText(menu, { exact: true }).click();
    const links = await page.locator("a").evaluateAll((all) => all.map((link) => new URL(link.href).pathname.split("/@manage")[1]));
    const missed = links.filter((at) => at !== undefined && !(at in PAGES));
    if (links.length < 10 || missed.length > 0) complain(`of ${links.length} links these are not looked at: ${missed}`);
  });
  await does(page, "what would change something says why it does not", async () => {
    await goTo(page, "/@manage/users/edit/1");
    await shows(page, "SSH keys");
    await page.getByRole("button", { name: "Save" }).click();
    await shows(page, "This is in the configuration of the gateway");
  });
}

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // There is no sandbox within a container, and nobody who clicks on "play".
    args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
  });
  try {
    await tour(await open(browser));
  } catch (error) {
    complain(error.message);
  } finally {
    await browser.close();
  }
  for (const what of wrong) console.error(`frontend: WRONG: ${what}`);
  if (wrong.length > 0) process.exit(1);
  console.log(`  ok  ${BASE}: ${taken} steps, and nothing wrong at our end`);
}

main();
