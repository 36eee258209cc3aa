// The declarations of Bicep itself, from SystemNamespaceType and AzNamespaceType of its compiler (August 2026).

export const NAMESPACES = new Set(['sys', 'az']);

/** Where the grammar does not know them for types. */
export const TYPES = new Set(['any', 'array', 'bool', 'int', 'object', 'secureObject', 'secureString', 'string', '*']);

export const DECORATORS = new Set(words(`
  allowed batchSize description discriminator export maxLength maxValue metadata minLength minValue
  nullIfNotFound onlyIfNotExists retryOn sealed secure waitUntil
`));

const FUNCTIONS = new Set(words(`
  any array base64 base64ToJson base64ToString bool buildUri cidrHost cidrSubnet concat contains dataUri
  dataUriToString dateTimeAdd dateTimeFromEpoch dateTimeToEpoch distinct empty endsWith fail filter first flatten
  format groupBy guid indexOf int intersection items join json last lastIndexOf length like loadDirectoryFileInfo
  loadFileAsBase64 loadJsonContent loadTextContent loadYamlContent map mapValues max min nameof newGuid objectKeys
  padLeft parseCidr parseUri range reduce replace shallowMerge skip sort split startsWith string substring take
  toLower toObject toUpper trim union uniqueString uri uriComponent uriComponentToString utcNow

  deployer deployment environment extensionResourceId managementGroup managementGroupResourceId pickZones
  providers reference resourceGroup resourceId roleDefinitions subscription subscriptionResourceId tenant
  tenantResourceId toLogicalZone toLogicalZones toPhysicalZone toPhysicalZones
`));

export function isFunction(name) {
  return FUNCTIONS.has(name) || /^list[A-Z]\w*$/.test(name); // listKeys and the like: any name is allowed
}

function words(text) {
  return text.trim().split(/\s+/);
}
