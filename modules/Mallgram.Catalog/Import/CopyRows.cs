using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace Mallgram.Catalog.Import;

/// <summary>
/// Rows of one binary <c>COPY</c>, encoded here and sent in large pieces: with Npgsql's importer, which sends every 8 KiB and awaits every
/// value, filling the staging tables took twice as long. Disposing without <see cref="CompleteAsync"/> writes nothing.
/// </summary>
/// <remarks>Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; values as the types' receive functions take them.</remarks>
internal sealed class CopyRows : IAsyncDisposable
{
    private const int Piece = 64 * 1024;
    private const int Text = 25;

    private static readonly byte[] Header = [.. "PGCOPY\n"u8, 0xFF, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly ArrayBufferWriter<byte> _rows = new(2 * Piece);
    private readonly NpgsqlRawCopyStream _stream;
    private readonly short _columns;
    private bool _isComplete;

    private CopyRows(NpgsqlRawCopyStream stream, int columns)
    {
        (_stream, _columns) = (stream, (short)columns);
        _rows.Write(Header);
    }

    /// <param name="columns">Of the table, all of which each row has, in its order.</param>
    public static async Task<CopyRows> BeginAsync(NpgsqlConnection connection, string table, int columns, CancellationToken ct) =>
        new(await connection.BeginRawBinaryCopyAsync($"copy {table} from stdin (format binary)", ct), columns);

    public async ValueTask StartRowAsync(CancellationToken ct)
    {
        if (_rows.WrittenCount >= Piece)
        {
            await SendAsync(ct);
        }

        BinaryPrimitives.WriteInt16BigEndian(Take(sizeof(short)), _columns);
    }

    public void Add(bool value)
    {
        Int(1);
        Take(1)[0] = value ? (byte)1 : (byte)0;
    }

    public void Add(int? value)
    {
        if (HasValue(value, sizeof(int)))
        {
            Int(value!.Value);
        }
    }

    public void Add(long? value)
    {
        if (HasValue(value, sizeof(long)))
        {
            BinaryPrimitives.WriteInt64BigEndian(Take(sizeof(long)), value!.Value);
        }
    }

    public void Add(Guid? value)
    {
        if (HasValue(value, 16))
        {
            value!.Value.TryWriteBytes(Take(16), bigEndian: true, out _);
        }
    }

    public void Add(byte[] value)
    {
        Int(value.Length);
        _rows.Write(value);
    }

    public void Add(string? value)
    {
        if (value is null)
        {
            Int(-1);
            return;
        }

        var span = _rows.GetSpan(sizeof(int) + Encoding.UTF8.GetMaxByteCount(value.Length));
        var length = Encoding.UTF8.GetBytes(value, span[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(span, length);
        _rows.Advance(sizeof(int) + length);
    }

    public void AddJson(string value)
    {
        const byte version = 1;
        Int(1 + Encoding.UTF8.GetByteCount(value));
        Take(1)[0] = version;
        Encoding.UTF8.GetBytes(value, _rows);
    }

    /// <summary>An array of text.</summary>
    public void Add(string[] values)
    {
        const int noNulls = 0, firstIndex = 1;
        if (values.Length == 0)
        {
            Int(3 * sizeof(int));
            Int(0);
            Int(noNulls);
            Int(Text);
            return;
        }

        Int((5 * sizeof(int)) + values.Sum(v => sizeof(int) + Encoding.UTF8.GetByteCount(v)));
        Int(1);
        Int(noNulls);
        Int(Text);
        Int(values.Length);
        Int(firstIndex);
        foreach (var value in values)
        {
            Add(value);
        }
    }

    /// <summary>A numeric: groups of four decimal digits, the weight of the first one, the sign, and the digits after the point.</summary>
    public void Add(decimal? value)
    {
        if (value is not { } number)
        {
            Int(-1);
            return;
        }

        Span<int> bits = stackalloc int[4];
        decimal.GetBits(number, bits);
        var scale = (bits[3] >> 16) & 0x7F;
        var left = new UInt128((uint)bits[2], ((ulong)(uint)bits[1] << 32) | (uint)bits[0]);
        var groupsAfterPoint = (scale + 3) / 4;
        for (var i = scale; i < groupsAfterPoint * 4; i++)
        {
            left *= 10;
        }

        Span<short> groups = stackalloc short[12];
        var count = 0;
        for (; left > 0; left /= 10_000)
        {
            groups[count++] = (short)(left % 10_000);
        }

        Int((4 + count) * sizeof(short));
        Short(count);
        Short(count == 0 ? 0 : count - groupsAfterPoint - 1);
        Short(number < 0 ? 0x4000 : 0);
        Short(scale);
        while (count > 0)
        {
            Short(groups[--count]);
        }
    }

    public async Task CompleteAsync(CancellationToken ct)
    {
        Short(-1);
        await SendAsync(ct);
        _isComplete = true;
        await _stream.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isComplete)
        {
            await _stream.CancelAsync();
        }
    }

    private async Task SendAsync(CancellationToken ct)
    {
        await _stream.WriteAsync(_rows.WrittenMemory, ct);
        _rows.ResetWrittenCount();
    }

    private bool HasValue<T>(T? value, int length)
        where T : struct
    {
        Int(value is null ? -1 : length);
        return value is not null;
    }

    private void Int(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), value);

    private void Short(int value) => BinaryPrimitives.WriteInt16BigEndian(Take(sizeof(short)), (short)value);

    private Span<byte> Take(int length)
    {
        var span = _rows.GetSpan(length)[..length];
        _rows.Advance(length);
        return span;
    }
}
