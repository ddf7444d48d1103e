using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Stores.Themes;

internal static class ThemeEndpoints
{
    public static void MapThemes(this IEndpointRouteBuilder admin)
    {
        var theme = admin.MapGroup("/stores/{id}/theme").WithTags("Admin: store");
        theme.MapGet("", GetAsync).WithName("AdminGetTheme").WithSummary("Colours, logo and mail look of the store")
            .RequirePermission(Permissions.StoreRead).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);
        theme.MapPut("", PutAsync).WithName("AdminPutTheme").WithSummary("Replace the theme; text has to stand out from what is below it")
            .RequirePermission(Permissions.StoreWrite).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
    }

    private static async Task<ThemeView> GetAsync(
        string id, CurrentStore current, StoreDatabase database, IStorePictures pictures, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(Theme.Select, Sql.Uuid(current.Named(id).Id)));
        return ThemeView.Of(await answer.Rows.ReadAsync(ct) ? Theme.Read(answer.Rows) : Theme.Default, pictures);
    }

    private static async Task<ThemeView> PutAsync(
        string id, JsonBody<ThemeRequest> body, CurrentStore current, StoreDatabase database, IStorePictures pictures, StoreLookup lookup,
        CancellationToken ct)
    {
        var store = current.Named(id);
        var theme = await body.Value.CheckAsync(pictures, ct);
        await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into stores.themes
                (store_id, primary_colour, on_primary, background, text_colour, accent, logo_file_id, mail_footer, mail_footer_fr)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (store_id) do update set primary_colour = $2, on_primary = $3, background = $4, text_colour = $5, accent = $6,
                logo_file_id = $7, mail_footer = $8, mail_footer_fr = $9
            """,
            Sql.Uuid(store.Id), Sql.Text(theme.Colours.Primary), Sql.Text(theme.Colours.OnPrimary), Sql.Text(theme.Colours.Background),
            Sql.Text(theme.Colours.Text), Sql.Text(theme.Colours.Accent), Sql.Uuid(theme.LogoFileId), Sql.Text(theme.MailFooter),
            Sql.Text(theme.MailFooterFr)));
        lookup.Forget();
        return ThemeView.Of(theme, pictures);
    }
}
