// Installs the packages of package-lock.json into node_modules, unless they are there. Run by the build, see Resizer.targets. Several builds
// may run it at once: each installs into a folder of its own, and the first to be done puts it in place.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const target = join(root, 'node_modules');
const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
const isThere = () => existsSync(join(target, '.installed')) && readFileSync(join(target, '.installed'), 'utf8') === lock;

if (isThere()) {
  // Newer than its inputs again, so that the build need not ask next time.
  utimesSync(join(target, '.installed'), new Date(), new Date());
} else {
  const work = mkdtempSync(join(root, '.install-'));
  try {
    for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(root, name), join(work, name));
    const npm = spawnSync(
      'npm',
      ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1', '--fetch-timeout=20000'],
      { cwd: work, shell: process.platform === 'win32', encoding: 'utf8', timeout: 180_000 },
    );
    if (npm.status !== 0) {
      const reason = `${npm.error?.message ?? ''} ${npm.stderr ?? ''}`.trim().split('\n').slice(0, 3).join(' | ');
      console.log(`npm ci failed (${npm.status ?? npm.signal ?? 'not started'}): ${reason}`);
      process.exitCode = 1;
    } else if (!isThere()) {
      writeFileSync(join(work, 'node_modules', '.installed'), lock);
      if (existsSync(target)) renameSync(target, join(work, 'old'));
      try {
        renameSync(join(work, 'node_modules'), target);
      } catch (e) {
        if (!isThere()) throw e; // Another build was faster.
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
