using System.Xml.Linq;
using Mallgram.Kernel.Persistence;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Kernel.Secrets;

/// <summary>Keeps ASP.NET Data Protection keys in <c>kernel.data_protection_keys</c>, so that every replica reads what another sealed.</summary>
internal sealed class DataProtectionKeys(AppDataSource app) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var command = app.Source.CreateCommand("select xml from kernel.data_protection_keys order by created_at");
        using var reader = command.ExecuteReader();
        var elements = new List<XElement>();
        while (reader.Read())
        {
            elements.Add(XElement.Parse(reader.GetString(0)));
        }

        return elements;
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var command = app.Source.CreateCommand(
            "insert into kernel.data_protection_keys (friendly_name, xml) values ($1, $2) on conflict (friendly_name) do update set xml = excluded.xml");
        command.Parameters.Add(Sql.Text(friendlyName));
        command.Parameters.Add(Sql.Text(element.ToString(SaveOptions.DisableFormatting)));
        command.ExecuteNonQuery();
    }
}

public static class SecretsSetup
{
    /// <summary>
    /// Data Protection with one key ring for all processes of the installation, kept in PostgreSQL and sealed with <c>Secrets:MasterKey</c>.
    /// </summary>
    public static IServiceCollection AddMallgramSecrets(this IServiceCollection services)
    {
        services.AddOptions<SecretsOptions>().BindConfiguration("Secrets").ValidateOnStart();
        services.AddSingleton<IValidateOptions<SecretsOptions>, SecretsOptions.Validation>();
        services.AddSingleton<MasterKeys>();
        services.AddHostedService<KeyRingSealing>();
        services.AddSingleton<Idempotency.AnswerSeal>();
        services.AddDataProtection().SetApplicationName("mallgram");
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider => new ConfigureOptions<KeyManagementOptions>(o =>
        {
            o.XmlRepository = new DataProtectionKeys(provider.GetRequiredService<AppDataSource>());
            var keys = provider.GetRequiredService<MasterKeys>();
            if (keys.CurrentId is not null)
            {
                o.XmlEncryptor = new MasterKeyXmlEncryptor(keys);
            }
        }));
        return services;
    }
}
