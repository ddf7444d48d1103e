using System.Text;

namespace Mallgram.Catalog.Bulk;

/// <summary>
/// Text of another encoding as UTF-8 without byte order mark, read forward in bounded memory. Understood: UTF-8 with or without mark,
/// UTF-16 with mark, and Windows-1252, which is assumed when the first byte above 127 begins no UTF-8 character.
/// </summary>
/// <remarks>Reading throws <see cref="BulkFileException"/> <c>bad_encoding</c> where the bytes are none of these.</remarks>
internal sealed class Utf8Input(Stream source) : Stream
{
    private const int Chunk = 32 * 1024;

    private readonly byte[] _bytes = new byte[Chunk];
    private readonly char[] _chars = new char[Chunk + 8];
    private readonly byte[] _output = new byte[(Chunk + 8) * 3];
    private readonly Encoder _encoder = new UTF8Encoding(false, true).GetEncoder();
    private Decoder? _decoder;
    private bool _isWide;
    private bool _isWindows;
    private bool _started;
    private bool _ended;
    private int _held;
    private int _outputStart;
    private int _outputEnd;
    private long _read;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_outputStart == _outputEnd)
        {
            if (_ended)
            {
                return 0;
            }

            var read = await source.ReadAsync(_bytes.AsMemory(_held), cancellationToken);
            _ended = read == 0;
            _read += read;
            Convert(_held + read);
        }

        var length = Math.Min(buffer.Length, _outputEnd - _outputStart);
        _output.AsMemory(_outputStart, length).CopyTo(buffer);
        _outputStart += length;
        return length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    private void Convert(int length)
    {
        // Marks and the first character that is not ASCII may be cut in two by the end of a piece: hold what is too short to tell.
        _held = 0;
        var bytes = _bytes.AsSpan(0, length);
        var from = 0;
        if (!_started)
        {
            if (length < 3 && !_ended)
            {
                _held = length;
                return;
            }

            _started = true;
            from = Mark(bytes);
        }

        bytes = bytes[from..];
        if (!_isWide && bytes.Contains((byte)0))
        {
            throw Bad();
        }

        var ascii = 0;
        if (_decoder is null)
        {
            ascii = System.Text.Ascii.IsValid(bytes) ? bytes.Length : bytes.IndexOfAnyExceptInRange((byte)0, (byte)127);
            if (ascii < bytes.Length)
            {
                var status = Rune.DecodeFromUtf8(bytes[ascii..], out _, out _);
                if (status == System.Buffers.OperationStatus.NeedMoreData && !_ended)
                {
                    _held = bytes.Length - ascii;
                    var kept = bytes[ascii..].ToArray();
                    Emit(bytes[..ascii]);
                    kept.CopyTo(_bytes, 0);
                    return;
                }

                _isWindows = status != System.Buffers.OperationStatus.Done;
                _decoder = Strict(_isWindows ? CodePagesEncodingProvider.Instance.GetEncoding(1252)! : Encoding.UTF8);
            }
        }

        Emit(bytes);
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        _outputStart = 0;
        if (_decoder is null)
        {
            bytes.CopyTo(_output);
            _outputEnd = bytes.Length;
            return;
        }

        try
        {
            var chars = _decoder.GetChars(bytes, _chars, flush: _ended);
            // Windows-1252 has five holes, which .NET maps to control characters; nobody writes those.
            if (_isWindows && _chars.AsSpan(0, chars).IndexOfAnyInRange('\u0080', '\u009F') >= 0)
            {
                throw Bad();
            }

            _outputEnd = _encoder.GetBytes(_chars.AsSpan(0, chars), _output, flush: _ended);
        }
        catch (Exception e) when (e is DecoderFallbackException or EncoderFallbackException)
        {
            throw Bad();
        }
    }

    private int Mark(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
        {
            _decoder = Strict(Encoding.UTF8);
            return 3;
        }

        if (bytes.StartsWith(Encoding.Unicode.Preamble) || bytes.StartsWith(Encoding.BigEndianUnicode.Preamble))
        {
            _isWide = true;
            _decoder = Strict(bytes[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode);
            return 2;
        }

        return 0;
    }

    private static Decoder Strict(Encoding encoding)
    {
        var strict = (Encoding)encoding.Clone();
        strict.DecoderFallback = DecoderFallback.ExceptionFallback;
        return strict.GetDecoder();
    }

    private BulkFileException Bad() => new(
        "bad_encoding",
        $"The file is not text in UTF-8, UTF-16 with a byte order mark, or Windows-1252 (found before byte {_read}). Save it as \"CSV UTF-8\".",
        $"Le fichier n'est pas du texte en UTF-8, UTF-16 avec marque d'ordre ou Windows-1252 (avant l'octet {_read}). Enregistrez-le en « CSV UTF-8 ».");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
