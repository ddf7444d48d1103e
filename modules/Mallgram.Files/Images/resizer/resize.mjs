// Resizes pictures for the process that started it. Frames on stdin: id, width, length (32 bits each, little-endian), bytes; on stdout: id,
// 1 or 0 (done or not a picture that can be read), length, bytes. Ends with its parent: stdin closes.
import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);

const header = 12;
let chunks = [];
let waiting = 0;
let wanted = header;

process.stdin.on('data', (chunk) => {
  chunks.push(chunk);
  waiting += chunk.length;
  // Joined once a frame is whole: joining at every chunk would copy large pictures over and over.
  while (waiting >= wanted) {
    const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    const length = header + all.readUInt32LE(8);
    if (all.length >= length) {
      resize(all.readUInt32LE(0), all.readUInt32LE(4), all.subarray(header, length));
      chunks = all.length > length ? [all.subarray(length)] : [];
      wanted = header;
    } else {
      chunks = [all];
      wanted = length;
    }
    waiting = chunks.reduce((sum, part) => sum + part.length, 0);
  }
});
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdout.on('error', () => process.exit(0));

async function resize(id, width, bytes) {
  try {
    // 50 million pixels: no camera of a shop makes more, and a picture made to exhaust memory does.
    const picture = sharp(bytes, { limitInputPixels: 50_000_000, failOn: 'error', sequentialRead: true });
    answer(id, 1, await picture.rotate().resize({ width, withoutEnlargement: true }).webp({ quality: 75 }).toBuffer());
  } catch (e) {
    answer(id, 0, Buffer.from(String(e.message)));
  }
}

function answer(id, done, bytes) {
  const head = Buffer.alloc(header);
  head.writeUInt32LE(id, 0);
  head.writeUInt32LE(done, 4);
  head.writeUInt32LE(bytes.length, 8);
  process.stdout.write(Buffer.concat([head, bytes]));
}
