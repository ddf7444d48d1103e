using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Mallgram.Kernel.Http.Outbound;

/// <summary>An address that a stranger gave points where this process may not go; nothing was sent there.</summary>
public sealed class AddressRefusedException(string reason) : Exception(reason);

/// <summary>
/// HTTP to addresses that strangers chose (pictures of suppliers, webhooks of merchants): to the public internet only. The guard sits at the
/// connection: each name is resolved here, every address it has must be public, and the very address that was checked is connected to, so
/// a name that answers differently the second time gains nothing. No proxy, no cookies, no trace headers, no automatic redirects.
/// </summary>
/// <remarks>Over https the certificate is checked as always. One instance lives as long as the process.</remarks>
public sealed class PublicInternet : IDisposable
{
    private const int MaxRedirects = 3;
    private static readonly int[] Ports = [80, 443, 8080, 8443];

    private readonly HashSet<string> _allowed;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly HttpMessageInvoker _http;

    /// <param name="allowed"><c>host:port</c> that may be reached although they are not public: stand-ins in development.</param>
    /// <param name="resolve">Addresses of a host name; null asks the system.</param>
    public PublicInternet(IEnumerable<string> allowed, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        _allowed = new HashSet<string>(allowed, StringComparer.OrdinalIgnoreCase);
        _resolve = resolve ?? Dns.GetHostAddressesAsync;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            // A connection is not used for longer than this, so that a name that moved is resolved and checked again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = 16,
            MaxResponseHeadersLength = 32,
        });
    }

    /// <summary>Sends one request and reads the headers of its answer. Redirects are answers like others.</summary>
    /// <exception cref="AddressRefusedException">The address is not one of the public internet.</exception>
    /// <exception cref="HttpRequestException">The other side cannot be reached or does not speak HTTP.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        Check(request.RequestUri);
        try
        {
            return await _http.SendAsync(request, ct);
        }
        catch (HttpRequestException e) when (e.InnerException is AddressRefusedException refused)
        {
            throw new AddressRefusedException(refused.Message);
        }
    }

    /// <summary>GET that follows at most three redirects, each checked like the first address.</summary>
    /// <exception cref="AddressRefusedException">The address, or one it redirects to, is not one of the public internet.</exception>
    /// <exception cref="HttpRequestException">Unreachable, or too many redirects.</exception>
    public async Task<HttpResponseMessage> GetAsync(Uri address, CancellationToken ct)
    {
        for (var redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.TryAddWithoutValidation("User-Agent", "Mallgram");
            var answer = await SendAsync(request, ct);
            if (answer is not
                {
                    StatusCode: HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect, Headers.Location: { } location
                })
            {
                return answer;
            }

            answer.Dispose();
            if (redirects == MaxRedirects)
            {
                throw new HttpRequestException($"More than {MaxRedirects} redirects.");
            }

            address = new Uri(address, location);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>What can be told without asking DNS: scheme, port, credentials in the address.</summary>
    /// <exception cref="AddressRefusedException">One of them is not allowed.</exception>
    public void Check(Uri? address)
    {
        if (address is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new AddressRefusedException("Only http and https addresses are fetched.");
        }

        if (address.UserInfo.Length > 0)
        {
            throw new AddressRefusedException("The address holds credentials.");
        }

        if (!IsAllowed(address.IdnHost, address.Port) && Array.IndexOf(Ports, address.Port) < 0)
        {
            throw new AddressRefusedException($"Port {address.Port} is not one of the web.");
        }
    }

    private bool IsAllowed(string host, int port) => _allowed.Count > 0 && _allowed.Contains($"{host}:{port}");

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var target = context.DnsEndPoint;
        var host = target.Host.Trim('[', ']');
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await _resolve(host, ct);
        if (addresses.Length == 0)
        {
            throw new HttpRequestException(HttpRequestError.NameResolutionError, "The name has no address.");
        }

        if (!IsAllowed(host, target.Port) && !Array.TrueForAll(addresses, PublicAddress.IsPublic))
        {
            throw new AddressRefusedException("The host is not on the public internet.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
