using System.Security.Cryptography;

namespace Mallgram.Files.Content;

/// <summary>
/// Reads another stream through and keeps what has to be known of it: length, SHA-256, first bytes, whether it is text. One pass, nothing
/// buffered. Not reusable, reads forward only.
/// </summary>
internal sealed class InspectedStream(Stream content, long maxBytes) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _head = new byte[ContentTypes.HeadLength];
    private int _headLength;
    private Utf8Check _utf8;

    /// <summary>Bytes read so far.</summary>
    public long Size { get; private set; }

    /// <summary>SHA-256 of all that was read. Call once.</summary>
    public byte[] Hash() => _hash.GetHashAndReset();

    /// <summary>The content's type; null when it is none that is taken. Valid once all was read.</summary>
    /// <param name="name">Tells CSV from other text.</param>
    public string? ContentType(string name)
    {
        ReadOnlySpan<byte> head = _head.AsSpan(0, _headLength);
        return ContentTypes.OfHead(head) ?? (_utf8.IsText ? ContentTypes.OfText(head, name) : null);
    }

    /// <exception cref="FileTooLargeException">More than the bytes allowed came.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await content.ReadAsync(buffer, cancellationToken);
        Size += read;
        if (Size > maxBytes)
        {
            throw new FileTooLargeException(maxBytes);
        }

        var bytes = buffer.Span[..read];
        _hash.AppendData(bytes);
        if (_headLength < _head.Length)
        {
            var part = bytes[..Math.Min(bytes.Length, _head.Length - _headLength)];
            part.CopyTo(_head.AsSpan(_headLength));
            _headLength += part.Length;
        }

        _utf8.Add(bytes);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
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

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>An upload sends more than was agreed.</summary>
internal sealed class FileTooLargeException(long maxBytes) : Exception($"More than {maxBytes} bytes.")
{
    public long MaxBytes { get; } = maxBytes;
}
