// Fetches the packages of package-lock.json and copies the few files that pages load into wwwroot/lib. Run by the build, see
// FrontEnd.targets; does nothing when all of it is there already.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const files = {
  'htmx.js': 'htmx.org/dist/htmx.min.js',
  'htmx-sse.js': 'htmx-ext-sse/dist/sse.min.js',
  'tabler.css': '@tabler/core/dist/css/tabler.min.css',
};
const library = join(root, 'wwwroot', 'lib');
// npm ci empties node_modules first, so a fetch that broke off leaves no stamp.
const stamp = join(root, 'node_modules', '.fetched');
const state = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).update(JSON.stringify(files)).digest('hex');

const upToDate = () =>
  existsSync(stamp) && readFileSync(stamp, 'utf8') === state && Object.keys(files).every((name) => existsSync(join(library, name)));

if (!upToDate()) {
  const release = await lock();
  try {
    if (!upToDate()) {
      fetchPackages();
      mkdirSync(library, { recursive: true });
      for (const [name, source] of Object.entries(files)) {
        // The maps are not copied, so the comment that names one would be a 404 in the browser's tools.
        copyFileSync(join(root, 'node_modules', source), join(library, name));
        const text = readFileSync(join(library, name), 'utf8')
          .replace(/\n?(\/\/[#@] sourceMappingURL=\S+|\/\*[#@] sourceMappingURL=\S+ \*\/)\s*$/, '\n');
        writeFileSync(join(library, name), text);
      }
      writeFileSync(stamp, state);
    }
  } finally {
    release();
  }
} else {
  // Newer than its inputs again, so that the build need not ask next time.
  writeFileSync(stamp, state);
}

function fetchPackages() {
  const windows = process.platform === 'win32';
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    shell: windows,
    encoding: 'utf8',
  });
  if (npm.error?.code === 'ENOENT') {
    fail('npm was not found. The admin app needs Node.js 20 or newer with npm to fetch its front-end files: https://nodejs.org');
  }
  if (npm.status !== 0) {
    const reason = `${npm.stdout ?? ''}\n${npm.stderr ?? ''}`.trim().split('\n').slice(0, 6).join(' | ');
    fail(`npm ci failed (${npm.status ?? npm.signal ?? npm.error?.message}). Is the npm registry reachable? ${reason}`);
  }
}

// One fetch at a time in this folder, whichever build started it. A lock whose owner has died is taken over.
async function lock() {
  const path = join(tmpdir(), `mallgram-frontend-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`);
  const until = Date.now() + 5 * 60_000;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (e) {
      if (e.code !== 'EEXIST') throw e;
    }
    const pid = owner(path);
    if (pid && !isAlive(pid)) {
      rmSync(path, { force: true });
      continue;
    }
    if (Date.now() > until) {
      fail(`Another build has been fetching the front-end files for five minutes. If it is not, delete ${path}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function owner(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0; // Released meanwhile, or not yet written.
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return e.code === 'EPERM';
  }
}

// In the form that MSBuild and the IDEs show as an error of the build.
function fail(message) {
  console.error(`frontend.mjs : error MALLGRAM01: ${message}`);
  process.exit(1);
}
