using System.Net;
using System.Net.Sockets;

namespace Mallgram.AppHost.Backing;

internal static class FreePort
{
    private static readonly HashSet<int> Given = [];

    /// <summary>A port nobody listens on, and that this process has not given out before: who asked may not listen on it yet.</summary>
    public static int Next()
    {
        lock (Given)
        {
            while (true)
            {
                using var listener = new TcpListener(IPAddress.Loopback, 0);
                listener.Start();
                var port = ((IPEndPoint)listener.LocalEndpoint).Port;
                if (Given.Add(port))
                {
                    return port;
                }
            }
        }
    }

    /// <summary>Whether 127.0.0.1 can be listened on at this port; sockets of an earlier listener that linger do not count.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
