using Mallgram.Kernel.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.ServiceDefaults;

/// <summary>Settings under <c>Edge</c>: which proxies stand in front of this process.</summary>
internal sealed class ProxyOptions
{
    /// <summary>Addresses and networks (CIDR) whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed; none: nobody's.</summary>
    public IList<string> Proxies { get; } = [];

    /// <summary>Proxies in a row, each of which adds its caller's address.</summary>
    /// <value>1.</value>
    public int ProxyHops { get; set; } = 1;
}

/// <summary>The caller's real address and scheme behind proxies, taken only from those that are configured.</summary>
public static class ForwardedAddresses
{
    public static WebApplicationBuilder AddForwardedAddresses(this WebApplicationBuilder builder)
    {
        // The framework's own switch believes whoever connects, so that anybody could choose the address that limits count by.
        if (string.Equals(builder.Configuration["ForwardedHeaders_Enabled"], "true", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException(
                "ASPNETCORE_FORWARDEDHEADERS_ENABLED believes every caller. Unset it and name the proxies in Edge:Proxies; see docs/operations.md.");
        }

        builder.Services.AddOptions<ProxyOptions>().BindConfiguration("Edge")
            .Validate(o => o.Proxies.All(p => p.Length == 0 || Networks.TryParse(p, out _)), "Edge:Proxies holds something that is no address and no network.")
            .Validate(o => o.ProxyHops is >= 1 and <= 10, "Edge:ProxyHops must be 1 to 10.")
            .ValidateOnStart();
        builder.Services.AddSingleton<IConfigureOptions<ForwardedHeadersOptions>>(provider => new ConfigureOptions<ForwardedHeadersOptions>(o =>
        {
            var proxies = provider.GetRequiredService<IOptions<ProxyOptions>>().Value;
            o.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            o.ForwardLimit = proxies.ProxyHops;
            o.KnownProxies.Clear();
            o.KnownIPNetworks.Clear();
            foreach (var network in Networks.Parse(proxies.Proxies).All)
            {
                o.KnownIPNetworks.Add(network);
            }
        }));
        return builder;
    }

    /// <summary>First in the pipeline.</summary>
    public static WebApplication UseForwardedAddresses(this WebApplication app)
    {
        // With nobody on its list the middleware would believe everybody.
        if (app.Services.GetRequiredService<IOptions<ProxyOptions>>().Value.Proxies.Any(p => p.Length > 0))
        {
            app.UseForwardedHeaders();
        }

        return app;
    }
}
