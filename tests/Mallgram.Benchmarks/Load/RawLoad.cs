using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Mallgram.Benchmarks.Load;

/// <param name="Latencies">Milliseconds, in no order.</param>
internal sealed record LoadResult(double PerSecond, double[] Latencies, IReadOnlyDictionary<int, int> Statuses)
{
    public double Percentile(double p)
    {
        var sorted = Latencies.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)(p / 100 * sorted.Length))];
    }
}

/// <summary>Closed-loop HTTP/1.1 load on plain sockets, one request at a time on each connection.</summary>
internal static class RawLoad
{
    /// <param name="next">The request to send, given its number; null ends that connection's part.</param>
    public static async Task<LoadResult> RunAsync(Uri server, int connections, TimeSpan? time, Func<int, byte[]?> next)
    {
        var latencies = new ConcurrentBag<List<double>>();
        var statuses = new ConcurrentDictionary<int, int>();
        var number = -1;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            var mine = new List<double>();
            using var connection = await HttpSocket.ConnectAsync(server);
            while ((time is null || Stopwatch.GetElapsedTime(started) < time) && next(Interlocked.Increment(ref number)) is { } request)
            {
                var sent = Stopwatch.GetTimestamp();
                var status = await connection.SendAsync(request);
                mine.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
            }

            latencies.Add(mine);
        }));
        var all = latencies.SelectMany(l => l).ToArray();
        return new LoadResult(all.Length / Stopwatch.GetElapsedTime(started).TotalSeconds, all, statuses);
    }

    public static byte[] Get(Uri server, string path, params IEnumerable<string> headers) =>
        Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n");

    public static byte[] Post(Uri server, string path, string json, params IEnumerable<string> headers)
    {
        var body = Encoding.UTF8.GetBytes(json);
        return
        [
            .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
                $"POST {path} HTTP/1.1\r\nHost: {server.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n")),
            .. body,
        ];
    }

    /// <summary>A kept-alive connection that reads just enough of HTTP/1.1 to know where an answer ends.</summary>
    private sealed class HttpSocket(Socket socket) : IDisposable
    {
        private byte[] _buffer = new byte[64 * 1024];

        public static async Task<HttpSocket> ConnectAsync(Uri server)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(server.Host, server.Port);
            return new HttpSocket(socket);
        }

        /// <returns>The status.</returns>
        public async ValueTask<int> SendAsync(byte[] request)
        {
            await socket.SendAsync(request);
            var filled = 0;
            var end = -1;
            while (end < 0)
            {
                filled += await ReadAsync(filled);
                end = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
            }

            var head = Encoding.ASCII.GetString(_buffer, 0, end);
            var status = int.Parse(head.AsSpan(9, 3), CultureInfo.InvariantCulture);
            var body = end + 4;
            if (Header(head, "Content-Length") is { } length)
            {
                var whole = body + int.Parse(length, CultureInfo.InvariantCulture);
                while (filled < whole)
                {
                    filled += await ReadAsync(filled);
                }
            }
            else if (status is not 304 and not 204 && Header(head, "Transfer-Encoding") is not null)
            {
                while (!_buffer.AsSpan(body, filled - body).EndsWith("0\r\n\r\n"u8))
                {
                    filled += await ReadAsync(filled);
                }
            }

            return status;
        }

        public void Dispose() => socket.Dispose();

        private async ValueTask<int> ReadAsync(int filled)
        {
            if (filled == _buffer.Length)
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }

            var read = await socket.ReceiveAsync(_buffer.AsMemory(filled));
            return read > 0 ? read : throw new IOException("The server closed the connection.");
        }

        private static string? Header(string head, string name)
        {
            var at = head.IndexOf("\r\n" + name + ": ", StringComparison.OrdinalIgnoreCase);
            if (at < 0)
            {
                return null;
            }

            at += name.Length + 4;
            var end = head.IndexOf('\r', at);
            return end < 0 ? head[at..] : head[at..end];
        }
    }
}
