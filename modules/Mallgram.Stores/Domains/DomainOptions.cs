using System.ComponentModel.DataAnnotations;

namespace Mallgram.Stores.Domains;

/// <summary>Settings under <c>Stores:Domains</c>.</summary>
internal sealed class DomainOptions
{
    /// <summary>A resolver that answers DNS over HTTPS in JSON (<c>?name=…&amp;type=TXT</c>, <c>application/dns-json</c>).</summary>
    /// <value>Cloudflare's.</value>
    [Required]
    public Uri DnsOverHttps { get; set; } = new("https://cloudflare-dns.com/dns-query");

    /// <summary>Port on which the proof file is asked for.</summary>
    /// <value>80.</value>
    [Range(1, 65535)]
    public int FilePort { get; set; } = 80;

    /// <summary><c>host:port</c> that may be asked although they are not on the public internet: development and tests.</summary>
    public List<string> AllowedHosts { get; set; } = [];
}
