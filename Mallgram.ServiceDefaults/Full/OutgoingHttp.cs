using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;

namespace Mallgram.ServiceDefaults.PackageSet;

/// <summary>The standard resilience handler and service discovery for every HttpClient.</summary>
internal static class OutgoingHttp
{
    public static void AddDefaults(IHostApplicationBuilder builder)
    {
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            // A payment or an order must not be sent twice because an answer was slow.
            http.AddStandardResilienceHandler(o => o.Retry.DisableForUnsafeHttpMethods());
            http.AddServiceDiscovery();
        });
    }
}
