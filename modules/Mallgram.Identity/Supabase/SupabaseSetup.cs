using Mallgram.Kernel.Http.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Supabase;

/// <summary>Settings under <c>Identity:Supabase</c>.</summary>
internal sealed class SupabaseOptions
{
    /// <summary>
    /// <c>host:port</c> of projects that are not on the public internet. Key sets are fetched from no other such host, and none but these
    /// may be without TLS.
    /// </summary>
    /// <value>In Development the port of Supabase's local stack on this machine, otherwise none.</value>
    public string[]? AllowedHosts { get; set; }
}

internal static class SupabaseSetup
{
    private static readonly string[] LocalStack = ["127.0.0.1:54321", "localhost:54321"];

    /// <summary>Sign-in by access tokens of a store's Supabase project.</summary>
    public static IServiceCollection AddSupabaseSignIn(this IServiceCollection services)
    {
        services.AddOptions<SupabaseOptions>().BindConfiguration("Identity:Supabase")
            .PostConfigure<IHostEnvironment>((options, environment) => options.AllowedHosts ??= environment.IsDevelopment() ? LocalStack : []);
        services.AddKeyedSingleton(SupabaseKeys.Internet, (provider, _) =>
            new PublicInternet(provider.GetRequiredService<IOptions<SupabaseOptions>>().Value.AllowedHosts!));
        services.AddSingleton<SupabaseKeys>();
        services.AddSingleton<SupabaseCache>();
        services.AddScoped<SupabaseProjects>();
        services.AddScoped<SupabasePeople>();
        services.AddScoped<SupabaseTokens>();
        return services;
    }
}
