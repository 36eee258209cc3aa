// Everything but the container app, which is weir.bicep: azd deploys that one with the image it has built.
// So there is no placeholder image whose probes would fail, and provisioning again does not change the running image.
targetScope = 'subscription'

@description('Name of the azd environment, from which the names of all resources come')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of everything but the Azure OpenAI accounts')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('The Azure OpenAI accounts, each { name, location, priority }: priority 1 is served first. Names differ, have lower-case letters and digits, and none is ptu')
@minLength(1)
param openAiInstances array

@description('Thousand tokens per minute, for each deployment of each account')
@minValue(1)
param openAiCapacity int

@description('SKU of the accounts')
param openAiSkuName string

@description('Name of the chat deployment of each account; clients may ask for it or for the model')
param chatDeploymentName string

param chatModelName string
param chatModelVersion string
param chatSku string

@description('Further names, separated by commas, under which clients may ask for the chat model')
param chatAliases string = ''

@description('Name of the embeddings deployment of each account; clients may ask for it or for the model')
param embeddingDeploymentName string

param embeddingModelName string
param embeddingModelVersion string
param embeddingSku string

@description('Further names, separated by commas, under which clients may ask for the embeddings model')
param embeddingAliases string = ''

@description('Region of an account with provisioned throughput, which is then served before all others; empty: none')
param ptuLocation string = ''

@description('Provisioned throughput units of its chat deployment')
@minValue(1)
param ptuCapacity int

param ptuSku string

var token = uniqueString(subscription().id, environmentName, location)
var tags = {
  'azd-env-name': environmentName
}
var containerAppName = 'weir-${token}'

// A client may ask for the model, for the deployment, or for an alias; union() removes duplicates
var chatNames = union(
  [chatModelName, chatDeploymentName],
  filter(split(replace(chatAliases, ' ', ''), ','), name => !empty(name))
)
var embeddingNames = union(
  [embeddingModelName, embeddingDeploymentName],
  filter(split(replace(embeddingAliases, ' ', ''), ','), name => !empty(name))
)
var chatModels = [for name in chatNames: '${name}=${chatDeploymentName}']
var embeddingModels = [for name in embeddingNames: '${name}=${embeddingDeploymentName}']

var ptuDeployments = [
  {
    name: chatDeploymentName
    model: chatModelName
    version: chatModelVersion
    sku: ptuSku
    capacity: ptuCapacity
  }
]
var deployments = [
  {
    name: chatDeploymentName
    model: chatModelName
    version: chatModelVersion
    sku: chatSku
    capacity: openAiCapacity
  }
  {
    name: embeddingDeploymentName
    model: embeddingModelName
    version: embeddingModelVersion
    sku: embeddingSku
    capacity: openAiCapacity
  }
]

// Provisioned throughput is paid for whether it is used or not, so it comes first and all others move one down
var ptuInstances = empty(ptuLocation)
  ? []
  : [
      {
        name: 'ptu'
        account: 'ptu-${token}'
        location: ptuLocation
        priority: 1
        models: chatModels
        deployments: ptuDeployments
      }
    ]
var tokenInstances = [
  for instance in openAiInstances: {
    name: instance.name
    account: '${instance.name}-${token}'
    location: instance.location
    priority: empty(ptuLocation) ? instance.priority : instance.priority + 1
    models: concat(chatModels, embeddingModels)
    deployments: deployments
  }
]
var instances = concat(ptuInstances, tokenInstances)

// The input from which weir.bicep makes the environment of the container
var backends = [
  for instance in instances: {
    name: instance.name
    url: 'https://${instance.account}.openai.azure.com'
    priority: instance.priority
    models: join(instance.models, ',')
  }
]

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: '${environmentName}-rg'
  location: location
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
  }
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
  }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    principalId: identity.outputs.principalId
  }
}

module environment 'modules/environment.bicep' = {
  name: 'environment'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    workspaceName: monitoring.outputs.workspaceName
  }
}

module openAi 'modules/openai.bicep' = [
  for instance in instances: {
    name: 'openai-${instance.name}'
    scope: group
    params: {
      name: instance.account
      location: instance.location
      tags: tags
      skuName: openAiSkuName
      deployments: instance.deployments
      principalId: identity.outputs.principalId
    }
  }
]

// azd looks for these
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.loginServer
output AZURE_CONTAINER_APPS_ENVIRONMENT_NAME string = environment.outputs.name

// weir.bicep needs these; base64, since azd writes values into a JSON file as they are
output WEIR_BACKENDS string = base64(string(backends))
output WEIR_IDENTITY_NAME string = identity.outputs.name
output SERVICE_WEIR_NAME string = containerAppName

// The names of the original sample. Its CONTAINER_APP_URL is an output of weir.bicep
output SERVICE_WEB_NAME string = containerAppName
output AZURE_REGISTRY_NAME string = registry.outputs.name
output RESOURCE_GROUP_NAME string = group.name
