using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Options;

namespace Mallgram.Files.Scanning;

/// <summary>
/// ClamAV's daemon over TCP: <c>zINSTREAM</c>, chunks with a length of four bytes in network order, a chunk of length zero; the answer is
/// <c>stream: OK</c>, <c>stream: NAME FOUND</c> or an error. Source: clamd(8).
/// </summary>
/// <remarks>clamd's StreamMaxLength must be at least the largest upload, or large files stay unscanned and therefore refused.</remarks>
internal sealed class ClamdScanner(IOptions<FilesOptions> options) : IFileScanner
{
    private const int ChunkBytes = 64 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    public async Task<string?> ScanAsync(Stream content, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Timeout);
        string answer;
        try
        {
            answer = await AskAsync(content, limit.Token);
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new ScannerUnavailableException("clamd does not answer.", e);
        }

        const string Prefix = "stream: ";
        const string Found = " FOUND";
        return answer switch
        {
            "stream: OK" => null,
            _ when answer.StartsWith(Prefix, StringComparison.Ordinal) && answer.EndsWith(Found, StringComparison.Ordinal)
                => answer[Prefix.Length..^Found.Length],
            _ => throw new ScannerUnavailableException($"clamd answered \"{answer}\"."),
        };
    }

    private async Task<string> AskAsync(Stream content, CancellationToken ct)
    {
        var colon = options.Value.Clamd!.IndexOf(':', StringComparison.Ordinal);
        var (host, port) = (options.Value.Clamd[..colon], int.Parse(options.Value.Clamd[(colon + 1)..], CultureInfo.InvariantCulture));
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, ct);
        await using var stream = client.GetStream();
        await stream.WriteAsync("zINSTREAM\0"u8.ToArray(), ct);
        var buffer = new byte[4 + ChunkBytes];
        int read;
        while ((read = await content.ReadAsync(buffer.AsMemory(4), ct)) > 0)
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer, read);
            await stream.WriteAsync(buffer.AsMemory(0, 4 + read), ct);
        }

        await stream.WriteAsync(new byte[4], ct);
        var length = 0;
        while (length < 1024 && (read = await stream.ReadAsync(buffer.AsMemory(length, 1024 - length), ct)) > 0)
        {
            length += read;
        }

        return Encoding.UTF8.GetString(buffer, 0, length).TrimEnd('\0', '\n');
    }
}
