using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.MtnMomo;

internal static class MomoModule
{
    public static void AddMtnMomo(this IServiceCollection services, SandboxOptions options)
    {
        services.AddSingleton(options.MtnMomo);
        services.AddSingleton<MomoLedger>();
        services.AddSingleton<MomoTokens>();
        services.AddSingleton<MomoFaults>();
        services.AddSingleton<MomoEndpoints>();
        services.AddSingleton<IProviderControls, MomoControls>();
        services.AddHostedService<MomoCallbacks>();
    }

    public static void MapMtnMomo(this IEndpointRouteBuilder app)
    {
        app.ServiceProvider.GetRequiredService<MomoEndpoints>().Map(app);
        MomoPhonePage.Map(app);
    }
}
