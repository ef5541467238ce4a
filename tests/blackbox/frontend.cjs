// Drives OpenList's frontend, served by a running `gate115 demo`, in Chromium: a login by the form, folders, previews, a search, and
// every management page. Whatever goes wrong at our end fails the run: an error in the console or in a script, a request to us that
// fails, an answer of the API with a code that was not to be expected. What leads elsewhere is cut off and not looked at.
//
//   NODE_PATH=… node tests/blackbox/frontend.cjs http://127.0.0.1:5244 PASSWORD-OF-ADMIN FOLDER-FOR-PICTURES
//
// Needs playwright-core, and a Chromium at $CHROMIUM (/usr/bin/chromium).
"use strict";

const { chromium } = require("playwright-core");
const path = require("node:path");

const [, , given, password, pictures] = process.argv;
const BASE = given.replace(/\/$/, "");
const PATIENCE = 30_000;

// What is answered with another code than 200, and is meant to be.
const EXPECTED = { "/api/admin/message/get": [404] };

const wrong = [];
let step = "the start";
const complain = (what) => wrong.push(`${step}: ${what}`);

const isOurs = (url) => new URL(url).origin === new URL(BASE).origin;
// The file server of the demo, which is another origin as 115's is; pictures and scripts in the page itself.
const isHere = (url) => ["data:", "blob:"].includes(new URL(url).protocol) || new URL(url).hostname === new URL(BASE).hostname;

async function judge(response) {
  const url = response.url();
  if (!isOurs(url)) return;
  if (response.status() >= 400) return complain(`${response.status()} for ${response.request().method()} ${url}`);
  const route = new URL(url).pathname.slice(new URL(BASE).pathname.replace(/\/$/, "").length);
  if (!route.startsWith("/api/")) return;
  let envelope;
  try {
    envelope = await response.json();
  } catch {
    return; // The page was left before all of it had come; what really fails is heard of otherwise.
  }
  const expected = EXPECTED[route] ?? [200];
  if (!expected.includes(envelope.code)) complain(`code ${envelope.code} for ${route}: ${envelope.message}`);
}

async function open(browser) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 } });
  await context.route("**/*", (route) => (isHere(route.request().url()) ? route.continue() : route.abort("blockedbyclient")));
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
  page.on("response", judge);
  page.on("request", (r) => { if (!isOurs(r.url())) console.log("   elsewhere", r.url().slice(0,120)); });
  page.on("pageerror", (error) => complain(`an error in a script: ${error.name} ${error.message} ${error.stack}`));
  page.on("requestfailed", (request) => {
    // Aborted is what the page itself gives up: a player that has enough, a page that is left.
    const why = request.failure()?.errorText;
    if (isOurs(request.url()) && why !== "net::ERR_ABORTED") complain(`${why} for ${request.method()} ${request.url()}`);
  });
  page.on("console", (message) => {
    const from = message.location().url;
    if (message.type() === "error" && !(from && !isOurs(from))) complain(`in the console: ${message.text()} (${from})`);
  });
  return page;
}

let taken = 0;
async function begin(page, name) {
  if (page && step !== "the start") {
    await page.screenshot({ path: path.join(pictures, `${String(++taken).padStart(2, "0")} ${step.replace(/[^\w .-]/g, "_")}.png`) });
  }
  step = name;
  console.log(`frontend: ${name}`);
}

async function go(page, to) {
  await page.goto(BASE + to);
}

async function tour(page) {
  await begin(page, "log in by the form");
  await go(page, "/@login");
  await page.getByPlaceholder("username").fill("admin");
  await page.getByPlaceholder("password").fill(password);
  await page.getByRole("button", { name: "Login", exact: true }).click();
  await page.waitForURL((url) => !url.pathname.includes("@login"));
  await page.getByText("Manage", { exact: true }).waitFor();

  await begin(page, "browse into a folder");
  await page.getByText("115", { exact: true }).first().click();
  await page.getByText("Films", { exact: true }).click();
  await page.getByText("Clip.en.srt").waitFor();

  await begin(page, "a video");
  await page.getByText("Clip.mp4", { exact: true }).click();
  await plays(page, "video");

  await begin(page, "a song");
  await go(page, "/115/Music/Tone.mp3");
  await plays(page, "audio");

  await begin(page, "a text");
  await go(page, "/115/Read me.txt");
  await page.getByText("This drive is made up").first().waitFor();

  await begin(page, "a picture");
  await go(page, "/115/Pictures/Fractal.jpg");
  await page.waitForFunction(() => [...document.images].some((image) => image.naturalWidth > 200 && /Fractal/.test(image.src + image.alt)));

  await begin(page, "a search");
  await go(page, "/115");
  await page.getByText("Films", { exact: true }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("textbox").fill("fractal");
  await page.keyboard.press("Enter");
  await page.getByText("Fractal.jpg").first().waitFor();

  for (const at of ["", "/settings/site", "/settings/style", "/settings/preview", "/settings/global", "/settings/other", "/settings/sso", "/settings/ldap", "/settings/s3", "/settings/ftp", "/settings/traffic",
    "/tasks/offline_download","/tasks/upload", "/tasks/copy", "/tasks/move", "/tasks/decompress", "/users", "/users/add", "/users/edit/1", "/storages", "/storages/add", "/storages/edit/1", "/metas", "/metas/add", "/shares", "/shares/add", "/indexes", "/backup-restore", "/messenger", "/2fa", "/about"]) {
    await begin(page, `@manage${at}`);
    await go(page, `/@manage${at}`);
    await page.waitForTimeout(2500);
  }
  await begin(page, "the end");
}

// Really: it has data, and its time goes on.
async function plays(page, kind) {
  await page.waitForFunction((kind) => (window.media = document.querySelector(kind) ?? window.lastPlayed)?.readyState >= 2, kind);
  const from = await page.evaluate(() => window.media.currentTime);
  await page.waitForFunction((from) => window.media.currentTime > from + 1, from);
}

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // No sandbox within a container, and nobody is there to click on "play".
    args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
  });
  let page;
  try {
    page = await open(browser);
    await tour(page);
  } catch (error) {
    complain(error.message);
    await page?.screenshot({ path: path.join(pictures, "failed.png") });
  } finally {
    await browser.close();
  }
  for (const what of wrong) console.error(`frontend: WRONG in ${what}`);
  process.exit(wrong.length === 0 ? 0 : 1);
}

main();
