using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mallgram.Files;
using Mallgram.Files.Scanning;
using Microsoft.Extensions.Options;

namespace Mallgram.Tests.Unit.Files;

/// <summary>The scanner against a listener that speaks clamd's INSTREAM.</summary>
public sealed class ClamdScannerTests
{
    [Fact]
    public async Task A_clean_file_is_sent_whole_and_passes()
    {
        var content = new byte[200_000];
        Random.Shared.NextBytes(content);
        using var clamd = new FakeClamd("stream: OK\0");
        Assert.Null(await clamd.Scanner.ScanAsync(new MemoryStream(content), CancellationToken.None));
        Assert.Equal("zINSTREAM\0", await clamd.Command);
        Assert.Equal(content, await clamd.Content);
    }

    [Fact]
    public async Task What_was_found_is_named()
    {
        using var clamd = new FakeClamd("stream: Eicar-Test-Signature FOUND\0");
        Assert.Equal("Eicar-Test-Signature", await clamd.Scanner.ScanAsync(new MemoryStream([1]), CancellationToken.None));
    }

    [Theory]
    [InlineData("INSTREAM size limit exceeded. ERROR\0")]
    [InlineData("")]
    [InlineData("stream: ")]
    public async Task Any_other_answer_leaves_the_file_unscanned(string answer)
    {
        using var clamd = new FakeClamd(answer);
        await Assert.ThrowsAsync<ScannerUnavailableException>(() => clamd.Scanner.ScanAsync(new MemoryStream([1]), CancellationToken.None));
    }

    [Fact]
    public async Task Nobody_there_leaves_the_file_unscanned()
    {
        var clamd = new FakeClamd("");
        clamd.Dispose();
        await Assert.ThrowsAsync<ScannerUnavailableException>(() => clamd.Scanner.ScanAsync(new MemoryStream([1]), CancellationToken.None));
    }

    private sealed class FakeClamd : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource<string> _command = new();
        private readonly TaskCompletionSource<byte[]> _content = new();

        public FakeClamd(string answer)
        {
            _listener.Start();
            Scanner = new ClamdScanner(Options.Create(new FilesOptions { Clamd = $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}" }));
            _ = ServeAsync(answer);
        }

        public ClamdScanner Scanner { get; }

        public Task<string> Command => _command.Task;

        public Task<byte[]> Content => _content.Task;

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync(string answer)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync();
                var stream = client.GetStream();
                var command = new byte[10];
                await stream.ReadExactlyAsync(command);
                _command.SetResult(Encoding.ASCII.GetString(command));
                var content = new MemoryStream();
                var length = new byte[4];
                while (true)
                {
                    await stream.ReadExactlyAsync(length);
                    var chunk = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
                    if (chunk.Length == 0)
                    {
                        break;
                    }

                    await stream.ReadExactlyAsync(chunk);
                    content.Write(chunk);
                }

                _content.SetResult(content.ToArray());
                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // Stopped.
            }
        }
    }
}
