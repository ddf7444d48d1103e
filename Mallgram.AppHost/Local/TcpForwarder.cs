using System.Net;
using System.Net.Sockets;

namespace Mallgram.AppHost.Local;

/// <summary>
/// Holds the public port of a replicated service and hands each connection to the next replica in turn; one that does not accept is
/// passed over. It carries bytes and knows nothing of HTTP: a client that keeps its connection stays with its replica.
/// </summary>
/// <param name="targets">Ports on 127.0.0.1 in order of preference: healthy replicas first.</param>
internal sealed class TcpForwarder(int port, Func<IReadOnlyList<int>> targets) : IAsyncDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3);

    private readonly TcpListener listener = new(IPAddress.Loopback, port);
    private readonly CancellationTokenSource stop = new();
    private Task accepting = Task.CompletedTask;
    private int turn;

    public void Start()
    {
        listener.Start(backlog: 512);
        accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptSocketAsync(stop.Token);
                _ = CarryAsync(client);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                if (!stop.IsCancellationRequested)
                {
                    // Out of file handles, or a client that left while being accepted: the port stays held.
                    await Task.Delay(50);
                }
            }
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using (client)
        {
            try
            {
                using var server = await ConnectAsync();
                if (server is null)
                {
                    return;
                }
                client.NoDelay = server.NoDelay = true;
                await using var fromClient = new NetworkStream(client, ownsSocket: false);
                await using var fromServer = new NetworkStream(server, ownsSocket: false);
                await Task.WhenAll(CopyAsync(fromClient, fromServer, server), CopyAsync(fromServer, fromClient, client));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Either side broke off; closing both tells the other.
                client.Close();
            }
        }
    }

    private async Task<Socket?> ConnectAsync()
    {
        var candidates = targets();
        var first = (uint)Interlocked.Increment(ref turn);
        for (var i = 0; i < candidates.Count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            limit.CancelAfter(ConnectLimit);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, candidates[(int)((first + i) % candidates.Count)], limit.Token);
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
            }
        }
        return null;
    }

    /// <summary>Passes an end of stream on as such, so that a client may half-close; an error on either side ends both.</summary>
    private async Task CopyAsync(NetworkStream from, NetworkStream to, Socket toSocket)
    {
        try
        {
            await from.CopyToAsync(to, stop.Token);
            toSocket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            from.Socket.Close();
            to.Socket.Close();
        }
    }
}
