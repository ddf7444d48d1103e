using System.Net;
using System.Text.Json;
using Mallgram.Kernel.Http.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Stores.Domains;

/// <param name="Method">dns or file.</param>
/// <param name="Found">Whether the token was there.</param>
/// <param name="Seen">What was seen instead, in a few words; never the content of what a stranger's server sent.</param>
internal sealed record DomainCheck(string Method, bool Found, string Seen);

/// <summary>Looks for the token of a store where only whoever runs the domain can put it.</summary>
internal sealed class DomainProof(
    HttpClient resolver, [FromKeyedServices(DomainProof.Internet)] PublicInternet internet, IOptions<DomainOptions> options)
{
    /// <summary>Key of the guarded client in the container.</summary>
    public const string Internet = "domains";

    public const string Label = "_mallgram";
    public const string Prefix = "mallgram-verify=";

    private const int MaxFileBytes = 1024;
    private const int TextRecord = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static string FilePath(string token) => $"/.well-known/mallgram-{token}";

    /// <summary>Both checks at once; each ends within five seconds.</summary>
    public async Task<IReadOnlyList<DomainCheck>> CheckAsync(string host, string token, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        return await Task.WhenAll(DnsAsync(host, token, patience.Token, ct), FileAsync(host, token, patience.Token, ct));
    }

    /// <summary>TXT record <c>_mallgram.host</c>, asked of a resolver by DNS over HTTPS (its JSON form; RFC 8484 defines the binary one).</summary>
    private async Task<DomainCheck> DnsAsync(string host, string token, CancellationToken patience, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{options.Value.DnsOverHttps}?name={Label}.{host}&type=TXT");
            request.Headers.Add("Accept", "application/dns-json");
            using var answer = await resolver.SendAsync(request, patience);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return new DomainCheck("dns", Found: false, $"the resolver answered {(int)answer.StatusCode}");
            }

            await using var body = await answer.Content.ReadAsStreamAsync(patience);
            using var json = await JsonDocument.ParseAsync(body, cancellationToken: patience);
            var texts = Texts(json.RootElement);
            return texts.Contains(Prefix + token, StringComparer.Ordinal)
                ? new DomainCheck("dns", Found: true, "the record")
                : new DomainCheck("dns", Found: false, texts.Count == 0 ? "no TXT record" : $"{texts.Count} other TXT records");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            return new DomainCheck("dns", Found: false, "the resolver does not answer");
        }
    }

    private async Task<DomainCheck> FileAsync(string host, string token, CancellationToken patience, CancellationToken ct)
    {
        try
        {
            var address = new UriBuilder(Uri.UriSchemeHttp, host, options.Value.FilePort, FilePath(token)).Uri;
            using var answer = await internet.GetAsync(address, patience);
            if (!string.Equals(answer.RequestMessage?.RequestUri?.IdnHost, host, StringComparison.OrdinalIgnoreCase))
            {
                // An open redirect on somebody's site would prove a domain that is not the caller's.
                return new DomainCheck("file", Found: false, "a redirect to another host");
            }

            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return new DomainCheck("file", Found: false, $"status {(int)answer.StatusCode}");
            }

            var buffer = new byte[MaxFileBytes];
            await using var body = await answer.Content.ReadAsStreamAsync(patience);
            var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, patience);
            return System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim() == token
                ? new DomainCheck("file", Found: true, "the file")
                : new DomainCheck("file", Found: false, "another content");
        }
        catch (AddressRefusedException)
        {
            return new DomainCheck("file", Found: false, "the host is not on the public internet");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or System.Net.Sockets.SocketException or OperationCanceledException
            && !ct.IsCancellationRequested)
        {
            return new DomainCheck("file", Found: false, "the host does not answer");
        }
    }

    /// <summary>Strings of a long record come in pieces, each in quotes.</summary>
    private static List<string> Texts(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("Answer", out var answers) && answers.ValueKind == JsonValueKind.Array
            ? [.. answers.EnumerateArray()
                .Where(a => a.ValueKind == JsonValueKind.Object && a.TryGetProperty("type", out var type) && type.TryGetInt32(out var number)
                    && number == TextRecord && a.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.String)
                .Select(a => a.GetProperty("data").GetString()!.Replace("\" \"", "", StringComparison.Ordinal).Trim('"'))]
            : [];
}
