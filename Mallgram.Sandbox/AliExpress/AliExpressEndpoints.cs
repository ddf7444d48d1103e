using Mallgram.Sandbox.AliExpress.Catalogue;
using Mallgram.Sandbox.Control;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Sandbox.AliExpress;

internal static class AliExpressEndpoints
{
    private static readonly string[] GetAndPost = [HttpMethods.Get, HttpMethods.Post];

    /// <exception cref="SandboxStartException">The catalogue file cannot be read.</exception>
    public static void AddAliExpress(this IServiceCollection services, SandboxOptions options, ILogger logger)
    {
        var catalogue = SupplierCatalogue.Load(options, logger);
        services.AddSingleton(options.AliExpress);
        services.AddSingleton(catalogue);
        services.AddKeyedSingleton(AliExpressControls.Code, new ItemChanges(
            [.. catalogue.Items.Select(i => i.Id)],
            [.. catalogue.Items.Where(i => i.Skus.Any(s => s.Price.Amount is not null)).Select(i => i.Id)]));
        services.AddKeyedSingleton(AliExpressControls.Code, (provider, _) => new OpenPlatformGateway(
            AliExpressControls.Code, options.AliExpress, provider.GetRequiredService<Counters>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<AliExpressMethods>();
        services.AddSingleton<AliExpressPlatform>();
        services.AddSingleton<IProviderControls, AliExpressControls>();
    }

    public static void MapAliExpress(this IEndpointRouteBuilder app)
    {
        var platform = app.ServiceProvider.GetRequiredService<AliExpressPlatform>();
        var gateway = app.ServiceProvider.GetRequiredKeyedService<OpenPlatformGateway>(AliExpressControls.Code);
        var catalogue = app.ServiceProvider.GetRequiredService<SupplierCatalogue>();
        var group = app.MapGroup("/" + AliExpressControls.Code);
        group.MapMethods("/sync", GetAndPost, platform.SyncAsync);
        group.MapMethods("/rest/{**path}", GetAndPost, (HttpContext http, string? path) => platform.RestAsync(http, path));
        group.MapGet("/oauth/authorize", gateway.Authorize);
        group.MapPictures(id => catalogue.Find(id) is not null);
    }
}
