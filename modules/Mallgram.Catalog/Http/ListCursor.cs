using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Kernel.Problems;

namespace Mallgram.Catalog.Http;

/// <summary>Where a list goes on: the sort values of the last row, tied to the filters they were made with.</summary>
internal static class ListCursor
{
    private const int StampLength = 8;

    /// <param name="filters">Everything that decides which rows come in which order.</param>
    /// <param name="values">Sort values of the last row; none holds a line break.</param>
    public static string Write(string filters, params ReadOnlySpan<string> values) =>
        Base64Url.EncodeToString([.. Stamp(filters), .. Encoding.UTF8.GetBytes(string.Join('\n', values))]);

    /// <exception cref="ProblemException">400 <c>cursor_invalid</c>: made up, damaged, or given out for other filters.</exception>
    public static string[] Read(string cursor, string filters, int valueCount)
    {
        try
        {
            var bytes = cursor.Length <= 1000 ? Base64Url.DecodeFromChars(cursor) : [];
            if (bytes.Length > StampLength && bytes.AsSpan(0, StampLength).SequenceEqual(Stamp(filters)))
            {
                var values = Encoding.UTF8.GetString(bytes.AsSpan(StampLength)).Split('\n');
                if (values.Length == valueCount && !Array.Exists(values, v => v.Contains('\0', StringComparison.Ordinal)))
                {
                    return values;
                }
            }
        }
        catch (FormatException)
        {
            // Not base64: answered like every other cursor that is none.
        }

        throw Invalid();
    }

    public static ProblemException Invalid() => new(CommonProblems.CursorInvalid);

    private static byte[] Stamp(string filters) => SHA256.HashData(Encoding.UTF8.GetBytes(filters))[..StampLength];
}
