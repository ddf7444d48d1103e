using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mallgram.Tests.Integration.Files;

/// <summary>Speaks clamd's INSTREAM; finds something in whatever holds the word INFECTED.</summary>
internal sealed class FakeClamd : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public FakeClamd()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Hangs up on everybody.</summary>
    public bool IsDown { get; set; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient accepted)
    {
        using var client = accepted;
        if (IsDown)
        {
            return;
        }

        var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte["zINSTREAM\0".Length]);
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

        var found = content.GetBuffer().AsSpan(0, (int)content.Length).IndexOf("INFECTED"u8) >= 0;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(found ? "stream: Test-Signature FOUND\0" : "stream: OK\0"));
    }
}
