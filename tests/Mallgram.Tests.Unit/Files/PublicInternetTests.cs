using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mallgram.Kernel.Http.Outbound;

namespace Mallgram.Tests.Unit.Files;

/// <summary>
/// Strangers choose these addresses. Listeners stand on this machine's loopback addresses, ready to be reached by a guard that lets one
/// through.
/// </summary>
public sealed class PublicInternetTests : IDisposable
{
    private readonly Canary _canary = new();

    [Theory]
    [MemberData(nameof(Corpus))]
    public async Task An_address_that_is_not_of_the_public_internet_is_refused(string address)
    {
        using var internet = new PublicInternet([], ResolveAsync);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
        {
            // What is no address is not fetched at all.
            return;
        }

        await Assert.ThrowsAsync<AddressRefusedException>(() => internet.GetAsync(uri, limit.Token));
    }

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("93.184.216.34")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.0.1.1")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700::6810:85e5")]
    [InlineData("2a00:1450:4001:800::200e")]
    [InlineData("2001:4860:4860::8888")]
    public void Public_addresses_are_public(string address) => Assert.True(PublicAddress.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public async Task An_allowed_host_is_reached_and_its_neighbour_is_not()
    {
        using var internet = new PublicInternet([$"127.0.0.1:{_canary.Port}"]);
        using var answer = await internet.GetAsync(new Uri($"http://127.0.0.1:{_canary.Port}/"), CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1, _canary.Requests);
        await Assert.ThrowsAsync<AddressRefusedException>(() => internet.GetAsync(new Uri($"http://localhost:{_canary.Port}/"), CancellationToken.None));
        await Assert.ThrowsAsync<AddressRefusedException>(() => internet.GetAsync(new Uri($"http://127.0.0.2:{_canary.Port}/"), CancellationToken.None));
        Assert.Equal(1, _canary.Requests);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://127.0.0.1/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://127-0-0-1.test/")]
    [InlineData("http://user@entry.test/")]
    [InlineData("file:///etc/passwd")]
    public async Task A_redirect_is_checked_like_the_first_address(string target)
    {
        using var entry = new Canary();
        entry.Answer = "HTTP/1.1 302 Found\r\nLocation: " + string.Format(CultureInfo.InvariantCulture, target, _canary.Port);
        using var internet = new PublicInternet([$"127.0.0.1:{entry.Port}"], ResolveAsync);
        await Assert.ThrowsAsync<AddressRefusedException>(() => internet.GetAsync(new Uri($"http://127.0.0.1:{entry.Port}/"), CancellationToken.None));
        Assert.Equal(0, _canary.Requests);
    }

    [Fact]
    public async Task Redirects_are_followed_three_times_relative_ones_too()
    {
        var last = "HTTP/1.1 200 OK";
        var answers = new Queue<string>(Enumerable.Repeat("HTTP/1.1 302 Found\r\nLocation: /next", 3).Append(last).Concat(Enumerable.Repeat("HTTP/1.1 307 Again\r\nLocation: next", 9)));
        _canary.Next = () => answers.Dequeue();
        using var internet = new PublicInternet([$"127.0.0.1:{_canary.Port}"]);
        using var answer = await internet.GetAsync(new Uri($"http://127.0.0.1:{_canary.Port}/"), CancellationToken.None);
        Assert.Equal((HttpStatusCode.OK, 4), (answer.StatusCode, _canary.Requests));
        await Assert.ThrowsAsync<HttpRequestException>(() => internet.GetAsync(new Uri($"http://127.0.0.1:{_canary.Port}/"), CancellationToken.None));
        Assert.Equal(8, _canary.Requests);
    }

    [Fact]
    public async Task A_name_is_resolved_once_a_connection_so_it_cannot_change_between_check_and_connection()
    {
        var lookups = 0;
        using var internet = new PublicInternet([$"rebind.test:{_canary.Port}"], (_, _) => Task.FromResult<IPAddress[]>(
            [lookups++ == 0 ? IPAddress.Loopback : IPAddress.Parse("198.51.100.1")]));
        (await internet.GetAsync(new Uri($"http://rebind.test:{_canary.Port}/"), CancellationToken.None)).Dispose();
        Assert.Equal((1, 1), (lookups, _canary.Requests));
        await Assert.ThrowsAsync<AddressRefusedException>(() => internet.GetAsync(new Uri("http://rebind.test:8080/"), CancellationToken.None));
        Assert.Equal((2, 1), (lookups, _canary.Requests));
    }

    [Fact]
    public async Task Nothing_of_ours_is_told_to_the_other_side()
    {
        using var activity = new System.Diagnostics.Activity("test").Start();
        using var internet = new PublicInternet([$"127.0.0.1:{_canary.Port}"]);
        (await internet.GetAsync(new Uri($"http://127.0.0.1:{_canary.Port}/a?b"), CancellationToken.None)).Dispose();
        Assert.Equal($"GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:{_canary.Port}\r\nUser-Agent: Mallgram\r\n\r\n", _canary.LastRequest);
    }

    public static TheoryData<string> Corpus()
    {
        using var stream = typeof(PublicInternetTests).Assembly.GetManifestResourceStream("ssrf-corpus.txt")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(l => l[0] != '#')];
    }

    public void Dispose() => _canary.Dispose();

    /// <summary><c>127-0-0-1.93-184-216-34.test</c> has the two addresses its name says; other names are the system's.</summary>
    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken ct)
    {
        var name = host.TrimEnd('.');
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return [IPAddress.Loopback, IPAddress.IPv6Loopback];
        }

        return name.EndsWith(".test", StringComparison.Ordinal)
            ? [.. name[..^".test".Length].Split('.').Select(part => IPAddress.Parse(part.Replace('-', '.')))]
            : await Dns.GetHostAddressesAsync(host, ct);
    }

    /// <summary>A server of one answer on 127.0.0.1 that counts who comes.</summary>
    private sealed class Canary : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public Canary()
        {
            _listener.Start();
            Next = () => Answer;
            _ = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Requests { get; private set; }

        public string LastRequest { get; private set; } = "";

        public string Answer { get; set; } = "HTTP/1.1 200 OK";

        public Func<string> Next { get; set; }

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    var stream = client.GetStream();
                    var buffer = new byte[8192];
                    var read = await stream.ReadAsync(buffer);
                    LastRequest = Encoding.ASCII.GetString(buffer, 0, read);
                    Requests++;
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(Next() + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Stopped.
            }
        }
    }
}
